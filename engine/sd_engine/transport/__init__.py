"""The socket between the adapters and the engine: requests, options and responses."""
