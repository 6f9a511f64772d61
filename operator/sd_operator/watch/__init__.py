"""Watches: kopf and periodic lists fill the cache and enqueue the keys of changed services."""
