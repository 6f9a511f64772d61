"""Benchmarks of the operator on a control plane without nodes."""
