"""The pod template: containers, probes, volumes, security contexts and placement."""
