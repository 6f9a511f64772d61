"""A fake Hugging Face hub, and the model store's command as a process."""
