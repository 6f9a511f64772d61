"""The supply of models measured: kills and damages on one machine, reasons on a control plane, pace in a cluster."""
