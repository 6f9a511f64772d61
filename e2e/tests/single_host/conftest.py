"""Tests of docker on one host: they need no cluster."""

import pytest


@pytest.fixture(scope="session", autouse=True)
def demo() -> None:
    """Replace the demo service."""
