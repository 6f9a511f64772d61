"""Whatever befalls a download or its cache, at points that are drawn: is anything wrong ever to be seen?"""

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
"""What they are in pyannote's own repository."""


@dataclass(frozen=True, slots=True)
class Sweep:
    """A scenario, how often, and its row."""

    scenario: str
    points: int
    row: str
    what: str


SWEEPS = (
    Sweep("killed_at_a_byte", 20, "download_kills_failed", "SIGKILL at a random byte of the download"),
    Sweep("killed_at_a_moment", 20, "moment_kills_failed", "SIGKILL at a random moment from first question to end"),
    Sweep("cut_off", 10, "cut_network_failed", "every connection breaks from a random byte on, new ones too"),
    Sweep("full_disk", 10, "full_disk_failed", "a volume (tmpfs) is filled to its last byte at a random byte"),
    Sweep("small_disk", 5, "small_disk_failed", "a volume (tmpfs) of a random size is too small, then made larger"),
    Sweep("two_at_once", 5, "two_at_once_failed", "two start together"),
    Sweep("one_of_two_killed", 10, "one_of_two_killed_failed", "two start together, one is killed at a random byte"),
    Sweep(
        "damaged_cache", 30, "damaged_cache_failed", "a random file cut, changed, lengthened, linked, lost, added to"
    ),
)


def measure(little: bool) -> list[Row]:  # noqa: FBT001 - as all parts are called
    """Each of them on the real client against the fake hub on this machine."""
    return [_row(sweep, [_at(sweep, point) for point in range(2 if little else sweep.points)]) for sweep in SWEEPS]


def _at(sweep: Sweep, point: int) -> Outcome:
    repo = hub_models.community(SEGMENTATION_BYTES, EMBEDDING_BYTES)
    with TemporaryDirectory(prefix="sd-supply-") as folder, fake_hub.running({COMMUNITY: repo}) as hub:
        draw = Random(f"{sweep.row} {point}")  # noqa: S311 - the same at every run
        outcome = SCENARIOS[sweep.scenario](Supply(Path(folder)), hub, draw)
    for sentence in outcome.wrong:
        print(f"{sweep.row}, point {point}: {sentence}", file=sys.stderr)  # noqa: T201 - for whoever must mend it
    return outcome


def _row(sweep: Sweep, outcomes: list[Outcome]) -> Row:
    again_mb = sorted(outcome.fetched_again_bytes / 1e6 for outcome in outcomes)
    detail = (
        f"{len(outcomes)} × {sweep.what}; then a run that nothing disturbs. Failed: a file under its final name that "
        f"is not the hub's, or no verified end. Of a pipeline of 33 MB {sum(again_mb) / len(again_mb):.2f} MB left the "
        f"hub twice in the mean, {again_mb[-1]:.2f} MB at most, with what was lost in sockets"
    )
    return Row(sweep.row, sum(1 for outcome in outcomes if outcome.wrong), "runs", "<= 0", detail)
