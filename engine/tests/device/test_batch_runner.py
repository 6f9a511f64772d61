"""Errors in batches: out of memory, and recordings for which a network raises an error."""

from __future__ import annotations

import pytest
import torch
from fake_networks import FAILING, GEOMETRY, BlockedBatches, FakeNetworks, RecordedMetrics, recording
from sd_engine.device.batch_runner import TOO_LITTLE_MEMORY, BatchRunner
from sd_engine.device.batcher import Batcher
from sd_engine.device.executors import SerialExecutor
from sd_engine.device.inference import NetworkKind, NetworkRunner
from sd_engine.errors import UnavailableError


def test_batches_that_do_not_fit_into_memory_are_retried_with_half_the_size(
    batcher: Batcher, networks: FakeNetworks, metrics: RecordedMetrics, batch_sizes: dict[NetworkKind, int]
) -> None:
    def fail_if_large(kind: NetworkKind, size: int) -> None:
        if kind is NetworkKind.EMBEDDING and size > 1:
            raise torch.OutOfMemoryError("CUDA out of memory.")

    networks.before_batch = fail_if_large
    outputs = batcher.submit(recording(9)).result(10)

    assert outputs.embeddings[:, 0, 0].tolist() == [40] * 9
    assert metrics.out_of_memory_sizes == [4, 2]
    assert batch_sizes == {NetworkKind.SEGMENTATION: 8, NetworkKind.EMBEDDING: 1}
    batcher.submit(recording(9)).result(10)
    assert metrics.out_of_memory_sizes == [4, 2], "the smaller size is kept"


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
def test_all_out_of_memory_errors_are_recognised(
    batcher: Batcher, networks: FakeNetworks, metrics: RecordedMetrics, error: Exception
) -> None:
    def fail_if_large(_kind: NetworkKind, size: int) -> None:
        if size > 1:
            raise error

    networks.before_batch = fail_if_large
    assert batcher.submit(recording(3)).result(10).embeddings[:, 0, 0].tolist() == [40] * 3
    assert metrics.out_of_memory_sizes


def test_a_device_too_small_for_one_window_fails_that_request_only(batcher: Batcher, networks: FakeNetworks) -> None:
    def always_fail(_kind: NetworkKind, _size: int) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory.")

    networks.before_batch = always_fail
    with pytest.raises(UnavailableError, match=TOO_LITTLE_MEMORY):
        batcher.submit(recording(3)).result(10)
    networks.before_batch = lambda _kind, _size: None
    assert batcher.submit(recording(3)).result(10).embeddings[0, 0, 0] == 40


@pytest.mark.parametrize("error", [RuntimeError, IndexError, AssertionError])
def test_a_recording_that_raises_an_error_fails_alone(
    batcher: Batcher, networks: FakeNetworks, error: type[Exception]
) -> None:
    networks.error = error("A layer rejected these samples.")
    blocked = networks.before_batch = BlockedBatches()
    valid = [batcher.submit(recording(2, value=number)) for number in (1, 2)]
    failing = batcher.submit(recording(2, value=FAILING))
    blocked.released.set()

    with pytest.raises(error, match="A layer rejected these samples"):
        failing.result(10)
    assert [future.result(10).embeddings[0, 0, 0] for future in valid] == [40, 80]


def test_warm_up_runs_two_batches_per_network_that_fit_into_memory(
    networks: FakeNetworks, metrics: RecordedMetrics
) -> None:
    def fail_if_large(_kind: NetworkKind, size: int) -> None:
        if size > 2:
            raise torch.OutOfMemoryError("CUDA out of memory.")

    networks.before_batch = fail_if_large
    sizes = dict.fromkeys(NetworkKind, 4)
    runner = BatchRunner(NetworkRunner(GEOMETRY, SerialExecutor(), networks, networks), sizes, metrics)
    runner.warm_up()

    assert networks.batches == [(kind, 2) for kind in NetworkKind for _ in range(2)]
    assert runner.throughput.seconds_per_window.keys() == set(NetworkKind)
    assert sizes == dict.fromkeys(NetworkKind, 2)


def test_warm_up_fails_if_one_window_does_not_fit_into_memory(networks: FakeNetworks, metrics: RecordedMetrics) -> None:
    def always_fail(_kind: NetworkKind, _size: int) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory.")

    networks.before_batch = always_fail
    runner = NetworkRunner(GEOMETRY, SerialExecutor(), networks, networks)
    with pytest.raises(torch.OutOfMemoryError):
        BatchRunner(runner, dict.fromkeys(NetworkKind, 4), metrics).warm_up()
