"""The Kubernetes API: client, cache, discovery and errors."""
