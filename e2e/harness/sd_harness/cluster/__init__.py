"""The kind cluster as the end-to-end tests and benchmarks use it."""
