"""Memory and utilisation of the GPU, read from NVML: of the whole device, not of this process alone."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pynvml

from sd_engine import logs


class Gpu:
    """A GPU, identified by its UUID: device numbers differ between containers.

    Raises:
        pynvml.NVMLError: there is no driver, or no device with this UUID (a MIG slice has a UUID of its own).
    """

    def __init__(self, uuid: str) -> None:
        pynvml.nvmlInit()
        self._handle = pynvml.nvmlDeviceGetHandleByUUID(uuid)

    def memory_used_bytes(self) -> float:
        return _value(lambda: pynvml.nvmlDeviceGetMemoryInfo(self._handle).used)

    def memory_total_bytes(self) -> float:
        return _value(lambda: pynvml.nvmlDeviceGetMemoryInfo(self._handle).total)

    def utilisation(self) -> float:
        """Return the share of the last sampling period in which a kernel ran, 0 to 1."""
        return _value(lambda: pynvml.nvmlDeviceGetUtilizationRates(self._handle).gpu) / 100


def _value(read: Callable[[], Any]) -> float:
    """Return NaN if the GPU does not report the value: the other metrics must stay readable."""
    try:
        return float(read())
    except pynvml.NVMLError:
        return math.nan


def find(uuid: str) -> Gpu | None:
    """Return the GPU with this UUID; None if NVML does not know it (a MIG slice, or a missing driver)."""
    try:
        return Gpu(uuid)
    except pynvml.NVMLError as error:
        logs.event("gpu_not_measured", reason=str(error))
        return None
