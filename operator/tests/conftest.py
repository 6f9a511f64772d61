"""Puts this folder's modules within reach of every test below it."""
