"""observe, decide, apply, report: how one DiarizationService is brought to its spec."""
