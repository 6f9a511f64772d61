"""Executors run a function on all items of a batch."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest
import torch
from sd_engine.device.executors import CpuExecutors, Executors, SerialExecutor, split_evenly


@pytest.mark.parametrize("executors", [SerialExecutor(), CpuExecutors(3)])
def test_results_come_in_the_order_of_the_items(executors: Executors) -> None:
    def square(items: Sequence[int]) -> list[int]:
        assert torch.is_inference_mode_enabled()
        return [item**2 for item in items]

    assert executors.run(square, range(10)) == [item**2 for item in range(10)]
    assert executors.cpu_s() > 0


def test_each_cpu_executor_is_single_threaded_and_gets_a_part_of_the_batch() -> None:
    parts: list[tuple[str, int, int]] = []

    def record(items: Sequence[int]) -> Sequence[int]:
        parts.append((threading.current_thread().name, torch.get_num_threads(), len(items)))
        return items

    CpuExecutors(2).run(record, range(5))

    assert sorted(size for _, _, size in parts) == [2, 3]
    assert {threads for _, threads, _ in parts} == {1}


def test_the_error_of_a_part_is_raised_after_all_parts_have_finished() -> None:
    finished = threading.Event()

    def fail_on_zero(items: Sequence[int]) -> Sequence[int]:
        if 0 in items:
            raise ValueError("zero")
        finished.set()
        return items

    with pytest.raises(ValueError, match="zero"):
        CpuExecutors(2).run(fail_on_zero, range(4))
    assert finished.is_set()


@pytest.mark.parametrize(
    ("length", "count", "lengths"), [(5, 2, [2, 3]), (6, 3, [2, 2, 2]), (2, 4, [1, 1]), (1, 3, [1])]
)
def test_items_are_split_into_parts_of_nearly_equal_length(length: int, count: int, lengths: list[int]) -> None:
    parts = split_evenly(range(length), count)

    assert sorted(map(len, parts)) == lengths
    assert [item for part in parts for item in part] == list(range(length))
