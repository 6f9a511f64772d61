"""Serving: admission, lifecycle, health, and the path of one request through the engine."""
