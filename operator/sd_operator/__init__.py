"""The operator of sd-triton: reconciles each DiarizationService into the Kubernetes objects that serve it."""
