"""The operator measured on a control plane without nodes: pace, quiet, repair, kills, fail-over."""
