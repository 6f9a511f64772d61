"""The device: which one, what it is called, and what its errors mean."""

from __future__ import annotations

import torch

from sd_engine.device import cpus
from sd_engine.device.executors import CpuLanes, Lanes, OneLane
from sd_engine.termination_message import exit_with_message


def chosen(asked: str) -> torch.device:
    """`auto` = the GPU where there is one."""
    if asked == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return torch.device(asked)


def described(device: torch.device) -> str:
    """For logs and metrics."""
    return f"cuda ({torch.cuda.get_device_name(device)})" if device.type == "cuda" else device.type


def uuid(device: torch.device) -> str:
    """A GPU's own, as NVML knows it."""
    return f"GPU-{torch.cuda.get_device_properties(device).uuid}"


def lanes(device: torch.device) -> Lanes:
    return CpuLanes(cpus.usable()) if device.type == "cpu" else OneLane()


def fast_dtype(device: torch.device) -> torch.dtype:
    """Half the width where the device computes with it natively; elsewhere it would be slower."""
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    return torch.bfloat16 if torch.cpu._is_avx512_bf16_supported() else torch.float32  # noqa: SLF001


def compute_exactly() -> None:
    """No TF32: pyannote switches it off too, for its ten bits would move boundaries."""
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False


def is_out_of_memory(error: BaseException) -> bool:
    """Whether smaller batches may help: PyTorch's GPU allocator says it by type, all others only in words."""
    if isinstance(error, (torch.OutOfMemoryError, MemoryError)):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error) for words in _OUT_OF_MEMORY)


_OUT_OF_MEMORY = ("can't allocate memory", "out of memory", "ALLOC_FAILED")
"""Of the CPU's allocator, of the CUDA runtime, of cuBLAS and its like."""


def free_memory() -> None:
    """Gives what the allocator keeps for later back to the GPU."""
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def give_up_if_lost(error: BaseException) -> None:
    """After such an error a CUDA context answers nothing but errors: only a new process helps, and one is started."""
    if isinstance(error, torch.AcceleratorError) and not is_out_of_memory(error):
        exit_with_message(f"The device is lost ({str(error).splitlines()[0]}); the engine ends, to be started again.")
