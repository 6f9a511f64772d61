"""The device's maximum throughput: batches of one size through each network, without batcher and engine.

`python -m benchmarks.engine.programs.bare_loop PIPELINE WAV` prints each network's windows per second at its best batch
size. The networks and their executors are the engine's; the windows are those of a conversation.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import cycle
from pathlib import Path

from sd_engine.device.inference import BatchItem, EmbeddingInput, NetworkKind, NetworkRunner
from sd_engine.diarization import exact, model_loader

from benchmarks.engine.programs.in_process import read_samples

BATCH_SIZES = (2, 4, 8, 16, 32)
MIN_DURATION_S = 4.0
MIN_BATCHES = 3


def main() -> None:
    pipeline, wav = map(Path, sys.argv[1:])
    model = model_loader.load(pipeline, "cpu")
    networks = exact.build_networks(model.pipeline, model.device, fast=False)
    items = dict(_items(networks, wav))
    best = {str(kind): _best(networks, kind, items[kind]) for kind in NetworkKind}
    print(json.dumps(best))  # noqa: T201 - the output of this script


def _items(networks: NetworkRunner, wav: Path) -> Iterator[tuple[NetworkKind, Sequence[BatchItem]]]:
    """Yield all windows of a recording to segment, and those with speech to embed."""
    samples, geometry = read_samples(wav), networks.geometry
    numbers = range((len(samples) - geometry.window_samples) // geometry.step_samples + 1)
    windows = [geometry.cut(samples, number) for number in numbers]
    yield NetworkKind.SEGMENTATION, windows
    activity = networks.run(NetworkKind.SEGMENTATION, windows)
    yield (
        NetworkKind.EMBEDDING,
        [EmbeddingInput(samples, number, activity[number]) for number in numbers if activity[number].any()],
    )


def _best(networks: NetworkRunner, kind: NetworkKind, items: Sequence[BatchItem]) -> dict[str, float]:
    throughputs = {size: _windows_per_s(networks, kind, items, size) for size in BATCH_SIZES if size <= len(items)}
    size = max(throughputs, key=throughputs.__getitem__)
    return {"batch_size": size, "windows_per_s": throughputs[size]}


def _windows_per_s(networks: NetworkRunner, kind: NetworkKind, items: Sequence[BatchItem], batch_size: int) -> float:
    starts = range(0, len(items) - batch_size + 1, batch_size)
    batches = cycle([items[start : start + batch_size] for start in starts])
    networks.run(kind, next(batches))  # warm up
    started, count = time.perf_counter(), 0
    while count < MIN_BATCHES or time.perf_counter() - started < MIN_DURATION_S:
        networks.run(kind, next(batches))
        count += 1
    return count * batch_size / (time.perf_counter() - started)


if __name__ == "__main__":
    main()
