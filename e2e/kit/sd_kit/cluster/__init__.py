"""The kind cluster, and the operator and services that run in it."""
