"""What NVML says of the GPU in use: memory and utilisation, of the whole device and not of this process alone."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pynvml

from sd_engine import logs


class Gpu:
    """A GPU by its UUID, which stays right whatever devices a container is given.

    Raises:
        pynvml.NVMLError: there is no driver, or no such device (a MIG slice, for instance, has its own UUID).
    """

    def __init__(self, uuid: str) -> None:
        pynvml.nvmlInit()
        self._handle = pynvml.nvmlDeviceGetHandleByUUID(uuid)

    def memory_used_bytes(self) -> float:
        return _number(lambda: pynvml.nvmlDeviceGetMemoryInfo(self._handle).used)

    def memory_total_bytes(self) -> float:
        return _number(lambda: pynvml.nvmlDeviceGetMemoryInfo(self._handle).total)

    def utilisation(self) -> float:
        """The share of the last sampling period in which a kernel ran, 0 to 1."""
        return _number(lambda: pynvml.nvmlDeviceGetUtilizationRates(self._handle).gpu) / 100


def _number(read: Callable[[], Any]) -> float:
    """Not a number where the GPU does not tell, or has gone: the other metrics are then needed most."""
    try:
        return float(read())
    except pynvml.NVMLError:
        return math.nan


def found(uuid: str) -> Gpu | None:
    """None = NVML knows no such device here: a MIG slice, or a driver that is not there."""
    try:
        return Gpu(uuid)
    except pynvml.NVMLError as error:
        logs.event("gpu_not_measured", reason=str(error))
        return None
