"""Access to a Hugging Face hub: the access token, requests, error messages, and checks before a download."""
