"""Download scenarios at random points: the number of runs after which a wrong file had a final name."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from sd_harness.hub import fake_hub, hub_models
from sd_harness.hub.download_scenarios import SCENARIOS
from sd_harness.hub.hub_models import COMMUNITY
from sd_harness.hub.model_store_command import ModelStoreCommand
from sd_harness.hub.scenario_outcome import Outcome

from benchmarks.record import Row

SEGMENTATION_BYTES, EMBEDDING_BYTES = 5_900_000, 26_600_000
"""Sizes of the checkpoints in pyannote's repository."""


@dataclass(frozen=True, slots=True)
class Sweep:
    """A scenario, the number of random points, and the row of its result."""

    scenario: str
    points: int
    row: str
    description: str


SWEEPS = (
    Sweep("kill_at_byte", 20, "download_kills_failed", "SIGKILL at a random byte of the download"),
    Sweep("kill_at_time", 20, "moment_kills_failed", "SIGKILL at a random time from the first request to the end"),
    Sweep("network_outage", 10, "cut_network_failed", "all connections, also new ones, reset from a random byte on"),
    Sweep("volume_filled", 10, "full_disk_failed", "a volume (tmpfs) filled to its last byte at a random byte"),
    Sweep("volume_too_small", 5, "small_disk_failed", "a volume (tmpfs) of a random size, too small, enlarged later"),
    Sweep("concurrent_downloads", 5, "two_at_once_failed", "two downloads at the same time"),
    Sweep(
        "concurrent_download_killed",
        10,
        "one_of_two_killed_failed",
        "two downloads at the same time, one of them killed at a random byte",
    ),
    Sweep(
        "damaged_cache",
        30,
        "damaged_cache_failed",
        "a random file truncated, changed, extended, replaced by a link or deleted, or a file added",
    ),
)


def measure(little: bool) -> list[Row]:  # noqa: FBT001 - as all parts are called
    """Run each scenario with the real client against the fake hub on this machine."""
    return [_row(sweep, [_run(sweep, point) for point in range(2 if little else sweep.points)]) for sweep in SWEEPS]


def _run(sweep: Sweep, point: int) -> Outcome:
    repository = hub_models.community(SEGMENTATION_BYTES, EMBEDDING_BYTES)
    with TemporaryDirectory(prefix="sd-supply-") as folder, fake_hub.running({COMMUNITY: repository}) as hub:
        random = Random(f"{sweep.row} {point}")  # noqa: S311 - reproducible
        outcome = SCENARIOS[sweep.scenario](ModelStoreCommand(Path(folder)), hub, random)
    for problem in outcome.problems:
        print(f"{sweep.row}, point {point}: {problem}", file=sys.stderr)  # noqa: T201 - for the investigation
    return outcome


def _row(sweep: Sweep, outcomes: list[Outcome]) -> Row:
    repeated_mb = sorted(outcome.repeated_bytes / 1e6 for outcome in outcomes)
    detail = (
        f"{len(outcomes)} × {sweep.description}; then an undisturbed run. Failed: a file under its final name that "
        "differs from the hub's, or a last run without a verified result. The hub sent "
        f"{sum(repeated_mb) / len(repeated_mb):.2f} MB of the pipeline's 33 MB twice on average, "
        f"{repeated_mb[-1]:.2f} MB at most, including data lost in sockets"
    )
    return Row(sweep.row, sum(1 for outcome in outcomes if outcome.problems), "runs", "<= 0", detail)
