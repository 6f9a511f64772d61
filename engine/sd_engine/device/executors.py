"""Lanes of a device: on a CPU, several single-threaded ones cost a tenth less than one that uses all cores."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Protocol, TypeVar

import torch

Unit = TypeVar("Unit")
Result = TypeVar("Result")


class Lanes(Protocol):
    """Runs a batch: `run` gets a part of the units and returns one result for each."""

    count: int

    def cpu_s(self) -> float:
        """The CPU time of all batches so far."""
        ...

    def run(self, run: Callable[[Sequence[Unit]], Sequence[Result]], units: Sequence[Unit]) -> list[Result]:
        """The results in the units' order; the first error of a lane is raised once all lanes have ended."""
        ...


class OneLane:
    """A GPU: it is parallel within."""

    count = 1

    def __init__(self) -> None:
        self._cpu_s = 0.0

    def cpu_s(self) -> float:
        return self._cpu_s

    def run(self, run: Callable[[Sequence[Unit]], Sequence[Result]], units: Sequence[Unit]) -> list[Result]:
        started = time.thread_time()
        try:
            with torch.inference_mode():
                return list(run(units))
        finally:
            self._cpu_s += time.thread_time() - started


class CpuLanes:
    """A thread for each core, each with its share of the batch: no barrier within a layer, no spinning at one."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._lanes = [OneLane() for _ in range(count)]
        self._threads = ThreadPoolExecutor(
            count, thread_name_prefix="lane", initializer=torch.set_num_threads, initargs=(1,)
        )

    def cpu_s(self) -> float:
        return sum(lane.cpu_s() for lane in self._lanes)

    def run(self, run: Callable[[Sequence[Unit]], Sequence[Result]], units: Sequence[Unit]) -> list[Result]:
        parts = [
            self._threads.submit(lane.run, run, share)
            for lane, share in zip(self._lanes, shares(units, self.count), strict=False)
        ]
        if failure := next(filter(None, [part.exception() for part in parts]), None):
            raise failure
        return [result for part in parts for result in part.result()]


def shares(units: Sequence[Unit], count: int) -> list[Sequence[Unit]]:
    """At most `count` runs of neighbours, as even as can be, none empty."""
    small, larger = divmod(len(units), count)
    bounds = [lane * small + min(lane, larger) for lane in range(count + 1)]
    return [units[start:stop] for start, stop in pairwise(bounds) if stop > start]
