"""Engine and Triton processes, and recordings for them."""
