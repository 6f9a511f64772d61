"""Device efficiency: the engine's throughput with sixteen requests in flight relative to the device's maximum.

A loop over fixed batches in a process of its own (`bare_loop.py`) measures each network's maximum throughput. The
efficiency is the time that this loop would need for the engine's windows, divided by the time that the engine needed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from benchmarks.engine.shared import SharedResults
from benchmarks.engine.stock_process import ENVIRONMENT
from benchmarks.engine.under_test import engine
from benchmarks.record import Row

KINDS = ("segmentation", "embedding")
WINDOWS = "sd_windows_total"
BUSY = "sd_device_busy_seconds_total"


def measure(shared: SharedResults) -> list[Row]:
    best = _max_windows_per_s(shared)
    contents = [clip.content() for clip in shared.clips]
    with engine(shared.size.exact, shared.real_size[0]) as running:
        running.diarize(contents[0])  # warm up
        before = {kind: running.metric(WINDOWS, kind=kind) for kind in KINDS}
        busy_before_s, started = running.metric(BUSY), time.monotonic()
        with ThreadPoolExecutor(len(contents)) as threads:
            list(threads.map(running.diarize, contents))
        wall_s, busy_s = time.monotonic() - started, running.metric(BUSY) - busy_before_s
        windows = {kind: running.metric(WINDOWS, kind=kind) - before[kind] for kind in KINDS}
    bare_s = sum(windows[kind] / best[kind]["windows_per_s"] for kind in KINDS)
    loops = ", ".join(
        f"{kind} {best[kind]['windows_per_s']:.1f} (batches of {best[kind]['batch_size']:g}, {windows[kind]:g} windows)"
        for kind in KINDS
    )
    detail = (
        f"{len(contents)} in flight, real-size pipeline: {bare_s:.1f} s of the bare loop over {wall_s:.1f} s of the "
        f"engine (device busy {busy_s:.1f} s); windows per second of the bare loop: {loops}"
    )
    return [Row("device_efficiency", bare_s / wall_s, "×", ">= 0.9", detail)]


def _max_windows_per_s(shared: SharedResults) -> dict[str, dict[str, float]]:
    argv = [sys.executable, "-m", "benchmarks.engine.programs.bare_loop", shared.real_size[0], shared.timed[0].path]
    output = subprocess.run(argv, capture_output=True, check=True, text=True, env=os.environ | ENVIRONMENT).stdout
    return json.loads(output.splitlines()[-1])
