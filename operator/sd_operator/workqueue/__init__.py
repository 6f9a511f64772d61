"""The workqueue: deduplicated keys, retry backoff, and the controller whose workers reconcile them."""
