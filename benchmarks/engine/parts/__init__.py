"""The parts of the benchmark; each returns its rows."""
