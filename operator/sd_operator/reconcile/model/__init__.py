"""Provisioning of models: the model Jobs, their results, and the removal of models that no service uses."""
