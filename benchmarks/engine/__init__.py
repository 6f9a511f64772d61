"""Benchmark of the engine against unmodified pyannote.audio: one part per module, all measured in one run."""
