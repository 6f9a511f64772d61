"""Continuous batching: one thread owns the device and, batch by batch, serves all recordings in flight."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Protocol

from sd_engine import logs
from sd_engine.device import device
from sd_engine.device.device_job import Networked, Work
from sd_engine.device.inference import Kind, Networks, Unit
from sd_engine.device.schedule import Schedule
from sd_engine.device.throughput import Speed
from sd_engine.errors import UnavailableError
from sd_engine.samples import Samples
from sd_engine.termination_message import exit_with_message

TOO_LARGE = "The device has too little memory for even one window of a recording; give the engine more."


class Watcher(Protocol):
    """Who is told what the device does."""

    def record_batch(self, kind: Kind, windows: int, duration_s: float, cpu_s: float) -> None: ...

    def record_device_demand(self, duration_s: float) -> None: ...

    def record_out_of_memory(self, kind: Kind, batch_size: int) -> None: ...


@dataclass(frozen=True, slots=True)
class Part:
    """One recording's share of a batch."""

    work: Work
    units: list[Unit]


class Batcher:
    """Recordings come in by `submit`, at any time; each is answered as soon as it is done."""

    def __init__(self, networks: Networks, batch_sizes: dict[Kind, int], watcher: Watcher) -> None:
        self.speed = Speed()
        self.batch_sizes = batch_sizes
        """How many units make a batch; halved when the device's memory says no, and never raised again."""
        self._networks = networks
        self._watcher = watcher
        self._schedule = Schedule()
        self._waiting: list[Work] = []
        self._changed = threading.Condition()

    def start(self) -> None:
        """Measures the device's speed, then serves whatever is submitted, in a thread.

        Raises:
            RuntimeError: the device cannot compute even the smallest batch.
        """
        for kind in Kind:
            self._warm_up(kind)
        threading.Thread(target=self._serve, name="device", daemon=True).start()

    def submit(self, samples: Samples) -> Future[Networked]:
        """16 kHz mono samples to what the networks say about them. Cancel the future when nobody waits any more."""
        networks = self._networks
        work = Work(samples, networks.geometry, networks.silent)
        with self._changed:
            self._waiting.append(work)
            self._changed.notify()
        return work.done

    def owed_s(self) -> float:
        """The device's time still owed to the recordings in flight."""
        with self._changed:
            return sum(map(self.speed.remaining_s, self._waiting))

    def cost_s(self, audio_s: float) -> float:
        """What a recording of that length will take, at most."""
        geometry = self._networks.geometry
        windows = audio_s * geometry.sample_rate_hz / geometry.step_samples
        return windows * sum(self.speed.window_s.values())

    def _warm_up(self, kind: Kind) -> None:
        """Two full batches: the first is slower than any later, the second is the first guess of the speed."""
        unit = self._networks.noise(kind)
        batches = 0
        while batches < 2:  # noqa: PLR2004
            units = [unit] * self.batch_sizes[kind]
            started = time.monotonic()
            try:
                self._networks.run(kind, units)
            except (RuntimeError, MemoryError) as error:
                if not (device.is_out_of_memory(error) and self._make_smaller(kind, len(units))):
                    raise
            else:
                self.speed.window_s.pop(kind, None)
                self.speed.measured(kind, len(units), time.monotonic() - started)
                batches += 1

    def _serve(self) -> None:
        """For ever. Without this thread nobody would be answered again: if it fails, the process ends with it."""
        try:
            while True:
                self._wait_for_work()
                wanted = time.monotonic()
                self._run(*self._next_batch())
                self._answer_the_finished()
                self._watcher.record_device_demand(time.monotonic() - wanted)
        except BaseException as error:  # noqa: BLE001 - it ends here, and the process with it
            logs.failure("device_thread_failed", error)
            exit_with_message(
                f"The device's thread has failed ({type(error).__name__}); the engine ends, to be started again."
            )

    def _wait_for_work(self) -> None:
        """Returns when a recording wants the device; forgets those that nobody waits for any more."""
        with self._changed:
            while not (waiting := [work for work in self._waiting if not work.done.cancelled()]):
                self._waiting.clear()
                self._changed.wait()
            self._waiting = waiting

    def _next_batch(self) -> tuple[Kind, list[Part]]:
        with self._changed:
            order = self._schedule.order(self._waiting, self.speed.remaining_s, time.monotonic())
        kind = order[0].kind
        assert kind is not None  # noqa: S101 - the finished wait no longer
        return kind, self._filled(kind, [work for work in order if work.kind is kind])

    def _filled(self, kind: Kind, order: list[Work]) -> list[Part]:
        batch, room = [], self.batch_sizes[kind]
        for work in order:
            if room > 0:
                batch.append(Part(work, work.units(kind, room)))
                room -= len(batch[-1].units)
        return batch

    def _run(self, kind: Kind, batch: list[Part]) -> None:
        """A batch, with what may go wrong in it: memory, one recording among others, the device itself."""
        started, cpu_s = time.monotonic(), self._networks.lanes.cpu_s()
        units = [unit for part in batch for unit in part.units]
        try:
            results = iter(self._networks.run(kind, units))
        except Exception as error:  # noqa: BLE001 - whatever a network raises over a recording, the others go on
            device.give_up_if_lost(error)
            self._failed(kind, batch, error)
            return
        self._measured(kind, batch, time.monotonic() - started, self._networks.lanes.cpu_s() - cpu_s)
        for part in batch:
            part.work.note(kind, [next(results) for _ in part.units])

    def _measured(self, kind: Kind, batch: list[Part], duration_s: float, cpu_s: float) -> None:
        windows = sum(len(part.units) for part in batch)
        self.speed.measured(kind, windows, duration_s)
        self._watcher.record_batch(kind, windows, duration_s, cpu_s)
        now = time.monotonic()
        for part in batch:
            part.work.last_served = now
            part.work.device_s += duration_s * len(part.units) / windows

    def _failed(self, kind: Kind, batch: list[Part], error: Exception) -> None:
        """Nothing is lost: what is not noted comes again in the next batch."""
        if device.is_out_of_memory(error):
            if not self._make_smaller(kind, sum(len(part.units) for part in batch)):
                self._fail(batch[0].work, UnavailableError(TOO_LARGE))
        elif len(batch) > 1:  # one of them may be at fault: each alone
            for part in batch:
                self._run(kind, [part])
        else:
            self._fail(batch[0].work, error)

    def _make_smaller(self, kind: Kind, size: int) -> bool:
        """Halves the batches to come; False = one unit alone was already too much."""
        device.free_memory()
        self._watcher.record_out_of_memory(kind, size)
        self.batch_sizes[kind] = min(self.batch_sizes[kind], max(1, size // 2))
        return size > 1

    def _fail(self, work: Work, error: Exception) -> None:
        with self._changed:
            self._waiting.remove(work)
        if work.done.set_running_or_notify_cancel():
            work.done.set_exception(error)

    def _answer_the_finished(self) -> None:
        with self._changed:
            finished = [work for work in self._waiting if work.kind is None]
            self._waiting = [work for work in self._waiting if work.kind is not None]
        for work in finished:
            if work.done.set_running_or_notify_cancel():
                work.done.set_result(work.answer())
