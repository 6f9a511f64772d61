"""Request serving: admission control, readiness, drain, health endpoints and the Triton model repository."""
