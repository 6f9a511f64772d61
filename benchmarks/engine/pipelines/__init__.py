"""The compared pipelines and the networks of real size."""
