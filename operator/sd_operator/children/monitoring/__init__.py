"""Prometheus and Grafana objects."""
