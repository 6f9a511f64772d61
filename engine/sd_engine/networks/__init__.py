"""Neural networks and the arithmetic of their windows."""
