"""The pod template: containers, probes, volumes, security and placement."""
