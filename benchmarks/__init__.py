"""Benchmarks: each runs on one machine and reports its measurements, also when a goal is missed."""
