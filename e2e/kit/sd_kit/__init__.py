"""A real Kubernetes cluster on one machine, with what it is made of cached by version."""
