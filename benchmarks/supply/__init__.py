"""Benchmarks of the model store: faults on one machine, failure reasons on a control plane, times on a cluster."""
