"""The neural networks and the geometry of their windows."""
