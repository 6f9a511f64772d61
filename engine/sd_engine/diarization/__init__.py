"""Diarization: samples to a timeline, in the modes exact, fast and reference."""
