"""Latency of a short clip while a long recording is processed, relative to an idle engine."""

from __future__ import annotations

import statistics
import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from benchmarks.engine.recordings.conversations import Scene
from benchmarks.engine.recordings.corpus import synthesise
from benchmarks.engine.shared import SharedResults
from benchmarks.engine.under_test import EngineUnderTest, engine
from benchmarks.record import Row

CLIP_S = 10.0
PAUSE_S = 0.5
SETTLE_S = 5.0
"""After this time the long recording is decoded and on the device."""


def measure(shared: SharedResults) -> list[Row]:
    clip = synthesise("ten seconds", Scene(seed=10, duration_s=CLIP_S, speakers=2)).content()
    long = synthesise("beside", Scene(seed=31, duration_s=shared.size.background_s, speakers=4, noise_db=25)).content()
    with engine(shared.size.exact) as running:
        running.diarize(clip)  # warm up
        idle_s = [_latency_s(running, clip) for _ in range(shared.size.short_clips)]
        busy_s, recordings = _busy_latencies(running, clip, long, shared.size.short_clips)
    idle, busy = statistics.median(idle_s), statistics.median(busy_s)
    detail = (
        f"median of {len(busy_s)} clips of {CLIP_S:g} s: {busy:.2f} s (maximum {max(busy_s):.2f} s) while a recording "
        f"of {shared.size.background_s / 60:.0f} min is processed ({recordings} sent), {idle:.2f} s idle; demo model"
    )
    return [Row("short_clip_slowdown", busy / idle, "×", "<= 3", detail)]


def _latency_s(running: EngineUnderTest, clip: bytes) -> float:
    started = time.monotonic()
    running.diarize(clip, include=())
    return time.monotonic() - started


def _busy_latencies(running: EngineUnderTest, clip: bytes, long: bytes, count: int) -> tuple[list[float], int]:
    """Return latencies of clips that finished before the long recording, which is sent again when it ends."""
    latencies_s: list[float] = []
    sent: list[Future[Any]] = []
    with ThreadPoolExecutor(1) as threads:
        while len(latencies_s) < count:
            if len(sent) > count:
                raise RuntimeError(
                    "The long recording ends before one short clip: the latency under load cannot be measured."
                )
            sent.append(threads.submit(running.diarize, long, include=()))
            latencies_s += _latencies_during(sent[-1], running, clip, count - len(latencies_s))
        running.process.kill()  # do not wait for the long recording
    return latencies_s, len(sent)


def _latencies_during(long: Future[Any], running: EngineUnderTest, clip: bytes, count: int) -> list[float]:
    """Return latencies of at most `count` clips that finish before the long recording."""
    time.sleep(SETTLE_S)
    latencies_s: list[float] = []
    while len(latencies_s) < count:
        latency_s = _latency_s(running, clip)
        if long.done():
            break
        latencies_s.append(latency_s)
        time.sleep(PAUSE_S)
    return latencies_s
