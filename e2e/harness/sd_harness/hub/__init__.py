"""A fake Hugging Face hub and the downloader as a process."""
