"""Shared fixtures: the adapter's modules on the path, a fake engine, and a real Triton."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

_repository = Path(__file__).parents[2]
# As in the image: Triton loads model.py from its directory, and the supervisor is a script.
sys.path[:0] = [str(_repository / "model_repository/speaker_diarization/1"), str(_repository / "images/server")]

from sd_harness.engine.stand_in_engine import StandInEngine  # noqa: E402
from sd_harness.engine.triton_process import Triton, installed_triton  # noqa: E402


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[StandInEngine]:
    with StandInEngine(tmp_path / "engine.sock") as engine:
        yield engine


@pytest.fixture(scope="module")
def triton(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Triton]:
    """A real Triton with four adapters, without an engine."""
    run_dir = tmp_path_factory.mktemp("run")
    with Triton(run_dir, installed_triton(), adapters=4) as triton:
        yield triton
