"""A hub with the usual repositories, and the command with an empty cache."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest
from sd_harness.hub import fake_hub, hub_models
from sd_harness.hub.downloader_process import Supply


@pytest.fixture
def hub() -> Generator[fake_hub.Hub]:
    with fake_hub.running(hub_models.three_one()) as hub:
        yield hub


@pytest.fixture
def supply(tmp_path: Path) -> Supply:
    return Supply(tmp_path)
