"""Synthetic recordings: voices, conversations, the corpus, and damaged files."""
