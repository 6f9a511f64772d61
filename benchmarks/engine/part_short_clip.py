"""How much longer a short clip takes while a long recording runs: the device is shared fairly, or it is not."""

from __future__ import annotations

import statistics
import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from benchmarks.engine.conversations import Scene
from benchmarks.engine.corpus import spoken
from benchmarks.engine.shared import Shared
from benchmarks.engine.under_test import EngineUnderTest, engine
from benchmarks.record import Row

CLIP_S = 10.0
BETWEEN_S = 0.5
SETTLE_S = 5.0
"""By then the long recording is decoded and on the device."""


def measure(shared: Shared) -> list[Row]:
    clip = spoken("ten seconds", Scene(seed=10, duration_s=CLIP_S, speakers=2)).content()
    long = spoken("beside", Scene(seed=31, duration_s=shared.size.beside_s, speakers=4, noise_db=25)).content()
    with engine(shared.size.exact) as running:
        running.ask(clip)  # warm
        idle_s = [_latency_s(running, clip) for _ in range(shared.size.short_clips)]
        busy_s, recordings = _beside(running, clip, long, shared.size.short_clips)
    idle, busy = statistics.median(idle_s), statistics.median(busy_s)
    detail = (
        f"median of {len(busy_s)} clips of {CLIP_S:g} s: {busy:.2f} s (worst {max(busy_s):.2f} s) while a recording of "
        f"{shared.size.beside_s / 60:.0f} min runs ({recordings} sent), {idle:.2f} s idle; demo model"
    )
    return [Row("short_clip_slowdown", busy / idle, "×", "<= 3", detail)]


def _latency_s(running: EngineUnderTest, clip: bytes) -> float:
    started = time.monotonic()
    running.ask(clip, include=())
    return time.monotonic() - started


def _beside(running: EngineUnderTest, clip: bytes, long: bytes, count: int) -> tuple[list[float], int]:
    """Latencies of clips that the long recording outlasted; whenever it ends, it is sent again."""
    latencies_s: list[float] = []
    sent: list[Future[Any]] = []
    with ThreadPoolExecutor(1) as threads:
        while len(latencies_s) < count:
            if len(sent) > count:
                raise RuntimeError(
                    "The long recording ends before one short clip does: nothing can be measured beside it."
                )
            sent.append(threads.submit(running.ask, long, include=()))
            latencies_s += _during(sent[-1], running, clip, count - len(latencies_s))
        running.process.kill()  # the rest of the long recording need not be waited for
    return latencies_s, len(sent)


def _during(work: Future[Any], running: EngineUnderTest, clip: bytes, count: int) -> list[float]:
    """Latencies of at most `count` clips, as long as the work lasts."""
    time.sleep(SETTLE_S)
    latencies_s: list[float] = []
    while len(latencies_s) < count:
        latency_s = _latency_s(running, clip)
        if work.done():
            break
        latencies_s.append(latency_s)
        time.sleep(BETWEEN_S)
    return latencies_s
