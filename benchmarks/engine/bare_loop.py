"""The device's best speed: fixed batches of windows through each network, and nothing else.

`python -m benchmarks.engine.bare_loop PIPELINE WAV` prints each network's windows per second at its best batch size.
The networks are the engine's own, on all of the device's lanes; the windows are those of a conversation.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import cycle
from pathlib import Path

from sd_engine.device.inference import Kind, Networks, Spoken, Unit
from sd_engine.diarization import exact, model_loader

from benchmarks.engine.in_process import samples_of

BATCH_SIZES = (2, 4, 8, 16, 32)
AT_LEAST_S = 4.0
AT_LEAST_ROUNDS = 3


def main() -> None:
    pipeline, wav = map(Path, sys.argv[1:])
    loaded = model_loader.load(pipeline, "cpu")
    networks = exact.networks_of(loaded.pipeline, loaded.device, fast=False)
    units = dict(_units(networks, wav))
    best = {str(kind): _best(networks, kind, units[kind]) for kind in Kind}
    print(json.dumps(best))  # noqa: T201 - its result


def _units(networks: Networks, wav: Path) -> Iterator[tuple[Kind, Sequence[Unit]]]:
    """All windows of a recording; and for embeddings those in which somebody is active."""
    samples, geometry = samples_of(wav), networks.geometry
    numbers = range((len(samples) - geometry.window_samples) // geometry.step_samples + 1)
    starts = [number * geometry.step_samples for number in numbers]
    windows = [samples[start : start + geometry.window_samples] for start in starts]
    yield Kind.SEGMENTATION, windows
    activity = networks.run(Kind.SEGMENTATION, windows)
    yield (
        Kind.EMBEDDING,
        [Spoken(samples, number, activity[number]) for number in numbers if activity[number].any()],
    )


def _best(networks: Networks, kind: Kind, units: Sequence[Unit]) -> dict[str, float]:
    speeds = {size: _windows_per_s(networks, kind, units, size) for size in BATCH_SIZES if size <= len(units)}
    size = max(speeds, key=speeds.__getitem__)
    return {"batch_size": size, "windows_per_s": speeds[size]}


def _windows_per_s(networks: Networks, kind: Kind, units: Sequence[Unit], batch_size: int) -> float:
    batches = cycle([units[start : start + batch_size] for start in range(0, len(units) - batch_size + 1, batch_size)])
    networks.run(kind, next(batches))  # warm
    started, rounds = time.perf_counter(), 0
    while rounds < AT_LEAST_ROUNDS or time.perf_counter() - started < AT_LEAST_S:
        networks.run(kind, next(batches))
        rounds += 1
    return rounds * batch_size / (time.perf_counter() - started)


if __name__ == "__main__":
    main()
