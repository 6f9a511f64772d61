"""The objects for the Prometheus operator."""
