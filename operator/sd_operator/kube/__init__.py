"""Access to the Kubernetes API: client, cache, discovery and errors."""
