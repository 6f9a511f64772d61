"""The engine beside unmodified pyannote.audio: one part per file, all measured in one run."""
