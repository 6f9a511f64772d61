"""A few points of each sweep; `make bench-supply` draws more of them, of a pipeline of the real size."""

from __future__ import annotations

import os
from random import Random

import pytest
from sd_harness.hub.downloader_process import Supply
from sd_harness.hub.fake_hub import Hub
from sd_harness.hub.sweeps import SCENARIOS

POINTS = 2
NEEDS_ROOT = {"full_disk", "small_disk"}
"""These mount a volume."""


@pytest.mark.parametrize("point", range(POINTS))
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_whatever_happens_nothing_wrong_is_seen_and_the_next_run_ends_well(
    hub: Hub, supply: Supply, scenario: str, point: int
) -> None:
    if scenario in NEEDS_ROOT and os.geteuid() != 0:
        pytest.skip("Only root may mount a small volume.")
    outcome = SCENARIOS[scenario](supply, hub, Random(f"{scenario} {point}"))  # noqa: S311 - the same at every run
    assert outcome.wrong == []
