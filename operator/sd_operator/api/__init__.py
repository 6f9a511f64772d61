"""The DiarizationService resource: its models, and the CRD made from them."""
