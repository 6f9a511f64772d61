"""Sixteen concurrent clips through Triton, compared with stock pyannote.audio, which processes them in sequence."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from http.client import OK

from benchmarks.engine.processes import cpu_s
from benchmarks.engine.shared import SharedResults
from benchmarks.engine.triton_front import Served, infer, served
from benchmarks.record import Row

TIMEOUT_S = 900.0


def measure(shared: SharedResults) -> list[Row]:
    stock = [shared.stock_real_size[clip.name].plain.cost for clip in shared.clips]
    stock_wall_s, stock_cpu_s = sum(cost.wall_s for cost in stock), sum(cost.cpu_s for cost in stock)
    contents = [clip.content() for clip in shared.clips]
    with served(shared.size.exact, shared.real_size[0]) as running:
        _send_concurrently(running, contents[:2])  # warm up
        before_s = _tree_cpu_s(running)
        wall_s, latencies_s = _send_concurrently(running, contents)
        engine_cpu_s = _tree_cpu_s(running) - before_s
    mean_s = sum(latencies_s) / len(latencies_s)
    clips = f"{len(contents)} concurrent clips of {shared.size.clip_s:g} s, real-size pipeline"
    throughput = (
        f"{clips}: {stock_wall_s:.1f} s of stock in sequence over {wall_s:.1f} s through Triton; "
        f"CPU time {stock_cpu_s:.0f} s over {engine_cpu_s:.0f} s of the engine's and Triton's processes"
    )
    latency = (
        f"{clips}: stock returns all results at the end ({stock_wall_s:.1f} s); mean through Triton {mean_s:.1f} s, "
        f"first {min(latencies_s):.1f} s, last {max(latencies_s):.1f} s"
    )
    return [
        Row("throughput_ratio_16x15s", stock_wall_s / wall_s, "×", ">= 6", throughput),
        Row("mean_latency_ratio_16x15s", stock_wall_s / mean_s, "×", ">= 6", latency),
    ]


def _tree_cpu_s(running: Served) -> float:
    return cpu_s(running.engine.process_id) + cpu_s(running.triton_id)


def _send_concurrently(running: Served, contents: list[bytes]) -> tuple[float, list[float]]:
    """Return the wall time until the last response, and each clip's latency."""
    started = time.monotonic()

    def latency_s(content: bytes) -> float:
        status, content_or_error = infer(running.connection(TIMEOUT_S), content)
        if status != OK:
            raise RuntimeError(f"A clip got status {status}: {content_or_error}")
        return time.monotonic() - started

    with ThreadPoolExecutor(len(contents)) as threads:
        latencies_s = list(threads.map(latency_s, contents))
    return max(latencies_s), latencies_s
