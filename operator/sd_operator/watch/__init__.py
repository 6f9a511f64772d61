"""Watches: kopf, the periodic list, and the keys they put on the workqueue."""
