"""A control plane of real Kubernetes programs, the operator as a process, and fakes of the API server."""
