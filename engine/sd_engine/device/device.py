"""Device selection, precision and errors."""

from __future__ import annotations

import torch

from sd_engine.device import cpus
from sd_engine.device.executors import CpuExecutors, Executors, SerialExecutor
from sd_engine.termination_message import exit_with_message


def select(name: str) -> torch.device:
    """Return the device of that name; `auto` is the GPU if there is one, else the CPU."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return torch.device(name)


def description(device: torch.device) -> str:
    """Return the device's type, and a GPU's model, for logs and metrics."""
    return f"cuda ({torch.cuda.get_device_name(device)})" if device.type == "cuda" else device.type


def uuid(device: torch.device) -> str:
    """Return a GPU's UUID in NVML's notation."""
    return f"GPU-{torch.cuda.get_device_properties(device).uuid}"


def executors(device: torch.device) -> Executors:
    """Return the executors for a device: one per CPU, or one for a GPU."""
    return CpuExecutors(cpus.usable()) if device.type == "cpu" else SerialExecutor()


def fast_dtype(device: torch.device) -> torch.dtype:
    """Return a 16-bit type if the device computes it natively, else float32: emulated types are slower."""
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    return torch.bfloat16 if torch.cpu._is_avx512_bf16_supported() else torch.float32  # noqa: SLF001


def disable_tf32() -> None:
    """Disable TF32, as pyannote.audio does: its 10-bit mantissa moves segment boundaries."""
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False


def is_out_of_memory(error: BaseException) -> bool:
    """Return True if smaller batches may avoid the error.

    Only PyTorch's GPU allocator raises a type of its own; the other allocators are recognised by their messages.
    """
    if isinstance(error, (torch.OutOfMemoryError, MemoryError)):
        return True
    return isinstance(error, RuntimeError) and any(message in str(error) for message in _OUT_OF_MEMORY_MESSAGES)


_OUT_OF_MEMORY_MESSAGES = ("can't allocate memory", "out of memory", "ALLOC_FAILED")
"""Messages of PyTorch's CPU allocator, the CUDA runtime, and CUDA libraries such as cuBLAS."""


def release_cached_memory() -> None:
    """Return the memory that PyTorch's allocator caches to the GPU."""
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def exit_if_lost(error: BaseException) -> None:
    """End the process after an unrecoverable device error: every later call in its CUDA context would fail too."""
    if isinstance(error, torch.AcceleratorError) and not is_out_of_memory(error):
        reason = str(error).splitlines()[0]
        exit_with_message(f"The device has failed ({reason}). The engine exits and must be restarted.")
