"""The workqueue: deduplicated keys, workers and retry backoff."""
