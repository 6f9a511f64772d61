"""The DiarizationService resource: its models, and the CRD and reference page that are generated from them."""
