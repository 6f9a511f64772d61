"""Sixteen clips that arrive at once through Triton, beside stock that takes them one after another."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from http.client import OK

from benchmarks.engine.processes import cpu_s
from benchmarks.engine.shared import Shared
from benchmarks.engine.triton_front import Served, infer, served
from benchmarks.record import Row

TIMEOUT_S = 900.0


def measure(shared: Shared) -> list[Row]:
    stock = [shared.stock_real_size[clip.name].plain.cost for clip in shared.clips]
    stock_wall_s, stock_cpu_s = sum(cost.wall_s for cost in stock), sum(cost.cpu_s for cost in stock)
    contents = [clip.content() for clip in shared.clips]
    with served(shared.size.exact, shared.real_size[0]) as running:
        _at_once(running, contents[:2])  # warm
        before_s = _tree_cpu_s(running)
        wall_s, latencies_s = _at_once(running, contents)
        engine_cpu_s = _tree_cpu_s(running) - before_s
    mean_s = sum(latencies_s) / len(latencies_s)
    what = f"{len(contents)} clips of {shared.size.clip_s:g} s at once, real-size pipeline"
    throughput = (
        f"{what}: {stock_wall_s:.1f} s of stock called one after another over {wall_s:.1f} s through Triton; "
        f"CPU {stock_cpu_s:.0f} s over {engine_cpu_s:.0f} s of the engine's and Triton's processes"
    )
    latency = (
        f"{what}: stock answers each at the batch's end ({stock_wall_s:.1f} s); mean through Triton {mean_s:.1f} s, "
        f"first {min(latencies_s):.1f} s, last {max(latencies_s):.1f} s"
    )
    return [
        Row("throughput_ratio_16x15s", stock_wall_s / wall_s, "×", ">= 6", throughput),
        Row("mean_latency_ratio_16x15s", stock_wall_s / mean_s, "×", ">= 6", latency),
    ]


def _tree_cpu_s(running: Served) -> float:
    return cpu_s(running.engine.process_id) + cpu_s(running.triton_id)


def _at_once(running: Served, contents: list[bytes]) -> tuple[float, list[float]]:
    """Wall seconds until the last answer, and each clip's own latency."""
    started = time.monotonic()

    def latency_s(content: bytes) -> float:
        status, answer = infer(running.connection(TIMEOUT_S), content)
        if status != OK:
            raise RuntimeError(f"A clip was answered {status}: {answer}")
        return time.monotonic() - started

    with ThreadPoolExecutor(len(contents)) as threads:
        latencies_s = list(threads.map(latency_s, contents))
    return max(latencies_s), latencies_s
