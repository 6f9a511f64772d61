"""Status conditions, computed from an observation. Pure."""
