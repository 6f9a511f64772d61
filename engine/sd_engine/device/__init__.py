"""The compute device: batching, scheduling and inference."""
