"""Device selection and the classification of its errors."""

from __future__ import annotations

import pytest
import torch
from sd_engine.device import device
from sd_engine.device.executors import CpuExecutors


def test_a_named_device_is_selected_and_described() -> None:
    cpu = device.select("cpu")

    assert cpu == torch.device("cpu")
    assert device.description(cpu) == "cpu"
    assert isinstance(device.executors(cpu), CpuExecutors)


@pytest.mark.parametrize(
    ("error", "out_of_memory"),
    [
        (torch.OutOfMemoryError("CUDA out of memory."), True),
        (torch.AcceleratorError("CUDA error: an illegal memory access was encountered"), False),
        (ValueError("out of memory"), False),
        (RuntimeError("shape mismatch"), False),
    ],
)
def test_out_of_memory_is_told_from_other_errors(error: Exception, out_of_memory: bool) -> None:  # noqa: FBT001
    assert device.is_out_of_memory(error) is out_of_memory


def test_recoverable_errors_do_not_end_the_process() -> None:
    device.exit_if_lost(RuntimeError("shape mismatch"))
    device.exit_if_lost(torch.AcceleratorError("CUDA error: out of memory"))
