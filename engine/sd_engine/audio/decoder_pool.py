"""Worker processes that measure and decode recordings. A malicious file can crash or exhaust only one of them.

The engine passes each recording as a memfd. The jobs' requests and results:

| job           | request                            | result             | memfd of the result               |
|---------------|------------------------------------|--------------------|-----------------------------------|
| `measure_job` | `{"max_duration_s"}`               | `{"duration_s"}`   |                                   |
| `decode_job`  | `{"max_duration_s", "duration_s"}` | `{"samples": N}`   | float32 samples, 16 kHz, sealed   |
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Callable, Iterable

import numpy as np

from sd_engine import wire
from sd_engine.audio.decode import decode_blocks
from sd_engine.audio.duration import measure_duration_s
from sd_engine.samples import Samples
from sd_engine.workers.rlimits import MEBIBYTE, ResourceLimits
from sd_engine.workers.worker_handle import DeathReason
from sd_engine.workers.worker_pool import WorkerPool

PROCESSES_PER_JOB = 2
"""Each job has its own pool, so that a full engine rejects requests while others decode for minutes."""
MEASURE_LIMITS = ResourceLimits(cpu_s=30, memory_bytes=128 * MEBIBYTE)
DECODE_LIMITS = ResourceLimits(cpu_s=120, memory_bytes=256 * MEBIBYTE)
MEASURE_TIMEOUT_S = 60.0
DECODE_TIMEOUT_S = 60.0
DECODE_TIMEOUT_PER_AUDIO_S = 0.1
"""Added to the timeout per second of audio: a hundred times the decoding time on an idle core."""
_SAMPLE_BYTES = 4


class DecoderPool:
    """Two pools of worker processes: one measures durations, the other decodes.

    `on_restart` is called with "measure" or "decode" and the reason when a process has ended and is replaced.
    """

    def __init__(self, *, max_duration_s: float, on_restart: Callable[[str, DeathReason], None]) -> None:
        self._max_duration_s = max_duration_s
        self._measure_pool = WorkerPool("measure", measure_job, PROCESSES_PER_JOB, MEASURE_LIMITS, on_restart)
        self._decode_pool = WorkerPool("decode", decode_job, PROCESSES_PER_JOB, DECODE_LIMITS, on_restart)

    def start(self) -> None:
        self._measure_pool.start()
        self._decode_pool.start()

    def close(self) -> None:
        self._measure_pool.close()
        self._decode_pool.close()

    def measure_duration_s(self, memory_fd: int) -> float:
        """Return the duration of the recording in a memfd, from its packets.

        Raises:
            InvalidArgumentError: the recording is not accepted.
            UnavailableError: the worker process ended.
        """
        request = {"max_duration_s": self._max_duration_s}
        result, _ = self._measure_pool.run(request, [memory_fd], timeout_s=MEASURE_TIMEOUT_S)
        return result["duration_s"]

    def decode(self, memory_fd: int, duration_s: float) -> Samples:
        """Return the samples of the recording in a memfd: 16 kHz mono, shape (samples,), read-only.

        `duration_s` is the result of `measure_duration_s`.

        Raises:
            InvalidArgumentError: the recording cannot be decoded, or is longer than was measured.
            UnavailableError: the worker process ended.
        """
        request = {"max_duration_s": self._max_duration_s, "duration_s": duration_s}
        timeout_s = DECODE_TIMEOUT_S + DECODE_TIMEOUT_PER_AUDIO_S * duration_s
        _, samples_fd = self._decode_pool.run(request, [memory_fd], timeout_s=timeout_s)
        assert samples_fd is not None  # noqa: S101 - `decode_job` always returns one
        try:
            return map_samples(samples_fd)
        finally:
            os.close(samples_fd)


def measure_job(request: wire.Message, memory_fds: list[int]) -> tuple[wire.Message, None]:
    """Measure the duration of the recording in `memory_fds[0]`. Runs in a worker process."""
    with open(memory_fds[0], "rb", closefd=False) as file:
        return {"duration_s": measure_duration_s(file, max_duration_s=request["max_duration_s"])}, None


def decode_job(request: wire.Message, memory_fds: list[int]) -> tuple[wire.Message, int]:
    """Decode the recording in `memory_fds[0]` into a new memfd. Runs in a worker process."""
    with open(memory_fds[0], "rb", closefd=False) as file:
        samples_fd = _write_samples(
            decode_blocks(file, max_duration_s=request["max_duration_s"], measured_duration_s=request["duration_s"])
        )
    return {"samples": os.fstat(samples_fd).st_size // _SAMPLE_BYTES}, samples_fd


def _write_samples(blocks: Iterable[Samples]) -> int:
    """Write blocks of samples into a new sealed memfd as they arrive, and return it."""
    return wire.write_blocks("samples", (np.ascontiguousarray(block).data for block in blocks))


def map_samples(memory_fd: int) -> Samples:
    """Map a memfd without a copy, read-only. The mapping outlives the file descriptor and ends with the last array."""
    # MAP_PRIVATE: before Linux 6.7 the kernel refuses shared mappings of sealed memory, even read-only ones.
    return np.frombuffer(mmap.mmap(memory_fd, 0, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ), dtype=np.float32)
