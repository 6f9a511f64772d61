"""What the operator runs on: the API client, the cache, the queue, health and metrics. No decisions are made here."""
