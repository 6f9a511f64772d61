"""Autoscaler objects."""
