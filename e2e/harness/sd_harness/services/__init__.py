"""DiarizationServices and live objects as test input."""
