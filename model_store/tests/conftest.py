"""A fake hub with pyannote's repositories, and the model store's command with an empty cache."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest
from sd_harness.hub import fake_hub, hub_models
from sd_harness.hub.hub_state import FakeHub
from sd_harness.hub.model_store_command import ModelStoreCommand


@pytest.fixture
def hub() -> Generator[FakeHub]:
    with fake_hub.running(hub_models.three_one()) as hub:
        yield hub


@pytest.fixture
def command(tmp_path: Path) -> ModelStoreCommand:
    return ModelStoreCommand(tmp_path)
