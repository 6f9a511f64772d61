"""The operator of sd-triton: turns each DiarizationService into the objects that serve it, and says how they do."""
