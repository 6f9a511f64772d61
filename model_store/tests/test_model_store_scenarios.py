"""A few random points of each download scenario; `make bench-supply` runs more of them, with models of real size."""

from __future__ import annotations

import os
from random import Random

import pytest
from sd_harness.hub.download_scenarios import SCENARIOS
from sd_harness.hub.hub_state import FakeHub
from sd_harness.hub.model_store_command import ModelStoreCommand

POINTS = 2
NEEDS_ROOT = {"volume_filled", "volume_too_small"}
"""Scenarios that mount a volume."""


@pytest.mark.parametrize("point", range(POINTS))
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_no_wrong_file_has_a_final_name_and_the_next_run_succeeds(
    hub: FakeHub, command: ModelStoreCommand, scenario: str, point: int
) -> None:
    if scenario in NEEDS_ROOT and os.geteuid() != 0:
        pytest.skip("Only root can mount a volume.")
    outcome = SCENARIOS[scenario](command, hub, Random(f"{scenario} {point}"))  # noqa: S311 - reproducible
    assert outcome.problems == []
