"""The device thread: batches of many recordings, memory that runs out, recordings that fail, callers that go away."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError
from typing import Any

import numpy as np
import pytest
import torch
from sd_engine.device.batcher import TOO_LARGE, Batcher
from sd_engine.device.executors import OneLane
from sd_engine.device.inference import Kind, Networks, Spoken
from sd_engine.errors import UnavailableError
from sd_engine.networks.geometry import Geometry
from sd_engine.samples import Samples

WINDOW, STEP = 40, 10
GEOMETRY = Geometry(
    sample_rate_hz=16000, window_samples=WINDOW, step_samples=STEP, frames=4, local_speakers=2, dimension=3
)
SILENT = np.full(3, -1, np.float32)


class Device:
    """A device whose networks are sums: what a window's answer must be is known, and so is what was asked of it."""

    silent = SILENT

    def __init__(self) -> None:
        self.batches: list[tuple[Kind, int]] = []
        self.poisoned: Exception = RuntimeError("A layer did not like these samples.")
        self.before: Callable[[Kind, int], None] = lambda _kind, _size: None

    def segment(self, windows: Sequence[Samples]) -> list[Any]:
        """Its first speaker speaks where the samples are not zero."""
        self._note(Kind.SEGMENTATION, len(windows))
        spoken = [window.reshape(4, -1).any(axis=1) for window in windows]
        return [np.stack([frames, np.zeros(4)], axis=1).astype(np.uint8) for frames in spoken]

    def embed(self, spoken: Sequence[Spoken]) -> list[Any]:
        self._note(Kind.EMBEDDING, len(spoken))
        return [self._embedded(window) for window in spoken]

    def _embedded(self, window: Spoken) -> Any:
        if (window.samples == POISON).any():
            raise self.poisoned
        cut = GEOMETRY.cut(window.samples, window.window)
        return np.stack([np.full(3, cut.sum(), np.float32), SILENT])

    def _note(self, kind: Kind, size: int) -> None:
        self.before(kind, size)
        self.batches.append((kind, size))


POISON = 666.0


class Watched:
    """What the batcher tells."""

    def __init__(self) -> None:
        self.windows = dict.fromkeys(Kind, 0)
        self.out_of_memory_sizes: list[int] = []

    def record_batch(self, kind: Kind, windows: int, duration_s: float, cpu_s: float) -> None:
        assert duration_s >= 0
        assert cpu_s >= 0
        self.windows[kind] += windows

    def record_device_demand(self, duration_s: float) -> None:
        assert duration_s > 0

    def record_out_of_memory(self, kind: Kind, batch_size: int) -> None:
        del kind
        self.out_of_memory_sizes.append(batch_size)


@pytest.fixture
def device() -> Device:
    return Device()


@pytest.fixture
def watched() -> Watched:
    return Watched()


@pytest.fixture
def batcher(device: Device, watched: Watched) -> Batcher:
    networks = Networks(GEOMETRY, OneLane(), device, device)
    batcher = Batcher(networks, {Kind.SEGMENTATION: 8, Kind.EMBEDDING: 4}, watched)
    batcher.start()
    device.batches.clear()
    return batcher


def recording(windows: int, value: float = 1.0) -> Samples:
    return np.full(WINDOW + (windows - 1) * STEP, value, np.float32)


def test_a_recording_gets_what_the_networks_say_of_each_window(batcher: Batcher) -> None:
    samples = recording(6)
    samples[55:] = 0  # the last three windows hold less and less
    networked = batcher.submit(samples).result(10)

    assert networked.activity[:, :, 0].tolist() == [
        [1, 1, 1, 1],
        [1, 1, 1, 1],
        [1, 1, 1, 1],
        [1, 1, 1, 0],
        [1, 1, 0, 0],
        [1, 0, 0, 0],
    ]
    assert networked.embeddings[:, 0, 0].tolist() == [40, 40, 35, 25, 15, 5]
    assert (networked.embeddings[:, 1] == SILENT).all()


def test_windows_in_which_nobody_speaks_cost_no_embedding(batcher: Batcher, device: Device) -> None:
    networked = batcher.submit(recording(20, value=0.0)).result(10)

    assert {kind for kind, _ in device.batches} == {Kind.SEGMENTATION}
    assert (networked.embeddings == SILENT).all()


def test_recordings_in_flight_share_batches(batcher: Batcher, device: Device) -> None:
    begun, gate = threading.Event(), threading.Event()

    def hold(_kind: Kind, _size: int) -> None:
        begun.set()
        assert_set(gate)

    device.before = hold
    first = batcher.submit(recording(1))  # holds the device until all are there
    assert begun.wait(10)
    others = [batcher.submit(recording(2, value=number)) for number in range(1, 5)]
    gate.set()
    first.result(10)
    answers = [other.result(10) for other in others]

    assert (Kind.SEGMENTATION, 8) in device.batches  # four recordings of two windows each
    assert (Kind.EMBEDDING, 4) in device.batches
    assert [answer.embeddings[0, 0, 0] for answer in answers] == [40, 80, 120, 160]


def assert_set(gate: threading.Event) -> None:
    assert gate.wait(10)


def test_what_does_not_fit_into_memory_is_tried_again_in_smaller_batches(
    batcher: Batcher, device: Device, watched: Watched
) -> None:
    def fits(kind: Kind, size: int) -> None:
        if kind is Kind.EMBEDDING and size > 1:
            raise torch.OutOfMemoryError("CUDA out of memory.")

    device.before = fits
    networked = batcher.submit(recording(9)).result(10)

    assert networked.embeddings[:, 0, 0].tolist() == [40] * 9
    assert watched.out_of_memory_sizes == [4, 2]
    assert batcher.batch_sizes == {Kind.SEGMENTATION: 8, Kind.EMBEDDING: 1}
    batcher.submit(recording(9)).result(10)
    assert watched.out_of_memory_sizes == [4, 2], "the size that fits is remembered"


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
        torch.AcceleratorError("CUDA error: out of memory"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        RuntimeError("[enforce fail at alloc_cpu.cpp:118] err == 0. DefaultCPUAllocator: can't allocate memory"),
        MemoryError(),
    ],
)
def test_every_way_of_saying_that_memory_has_run_out_is_understood(
    batcher: Batcher, device: Device, watched: Watched, error: Exception
) -> None:
    def fits(_kind: Kind, size: int) -> None:
        if size > 1:
            raise error

    device.before = fits
    assert batcher.submit(recording(3)).result(10).embeddings[:, 0, 0].tolist() == [40] * 3
    assert watched.out_of_memory_sizes


def test_a_device_too_small_for_one_window_refuses_that_request_and_serves_the_next(
    batcher: Batcher, device: Device
) -> None:
    def never_fits(_kind: Kind, _size: int) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory.")

    device.before = never_fits
    with pytest.raises(UnavailableError, match=TOO_LARGE):
        batcher.submit(recording(3)).result(10)
    device.before = lambda _kind, _size: None
    assert batcher.submit(recording(3)).result(10).embeddings[0, 0, 0] == 40


@pytest.mark.parametrize("error", [RuntimeError, IndexError, AssertionError])
def test_a_recording_that_breaks_a_layer_fails_alone(batcher: Batcher, device: Device, error: type[Exception]) -> None:
    device.poisoned = error("A layer did not like these samples.")
    gate = threading.Event()
    device.before = lambda _kind, _size: assert_set(gate)
    good = [batcher.submit(recording(2, value=number)) for number in (1, 2)]
    bad = batcher.submit(recording(2, value=POISON))
    gate.set()

    with pytest.raises(error, match="A layer did not like these samples"):
        bad.result(10)
    assert [work.result(10).embeddings[0, 0, 0] for work in good] == [40, 80]


def test_a_cancelled_recording_costs_no_further_batch(batcher: Batcher, device: Device, watched: Watched) -> None:
    begun, gate = threading.Event(), threading.Event()

    def hold(_kind: Kind, _size: int) -> None:
        begun.set()
        assert_set(gate)

    device.before = hold
    long = batcher.submit(recording(1000))
    assert begun.wait(10)
    assert batcher.owed_s() > 0
    long.cancel()
    gate.set()
    batcher.submit(recording(1)).result(10)

    with pytest.raises(CancelledError):
        long.result(10)
    assert sum(watched.windows.values()) <= 8 + 2
    assert batcher.owed_s() == 0


def test_a_short_clip_is_answered_before_the_long_recording_that_came_first(batcher: Batcher, device: Device) -> None:
    begun, gate = threading.Event(), threading.Event()

    def hold(_kind: Kind, _size: int) -> None:
        begun.set()
        assert_set(gate)

    device.before = hold
    long = batcher.submit(recording(2000))
    assert begun.wait(10)
    short = batcher.submit(recording(2))
    order: list[object] = []
    for each in (long, short):
        each.add_done_callback(order.append)
    gate.set()

    assert short.result(10).embeddings[0, 0, 0] == 40
    assert order[0] is short
    assert long.result(30).embeddings[-1, 0, 0] == 40
