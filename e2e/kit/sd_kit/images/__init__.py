"""Docker, the registry, and the project's images."""
