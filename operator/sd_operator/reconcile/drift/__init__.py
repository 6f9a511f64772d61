"""Differences between live objects and desired manifests."""
