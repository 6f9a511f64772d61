"""Benchmarks: each measures a ratio in one run on one machine, and reports what it measured."""
