"""Test harness shared by tests and benchmarks: control plane, fake hub, engine and cluster."""
