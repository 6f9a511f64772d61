"""A hub with the usual repositories, and the command with an empty cache."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import fake_hub
import hub_models
import pytest
from supply_process import Supply


@pytest.fixture
def hub() -> Generator[fake_hub.Hub]:
    with fake_hub.running(hub_models.three_one()) as hub:
        yield hub


@pytest.fixture
def supply(tmp_path: Path) -> Supply:
    return Supply(tmp_path)
