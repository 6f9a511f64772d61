"""Model Jobs and the garbage collection of models."""
