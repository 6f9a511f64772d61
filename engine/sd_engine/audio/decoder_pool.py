"""Recordings become samples in worker processes: what a hostile file can break is one of those."""

from __future__ import annotations

import os

from sd_engine.audio import decode_job, sample_memory
from sd_engine.metrics import Metrics
from sd_engine.samples import Samples
from sd_engine.workers.pool import WorkerPool

PROCESSES = 2
"""Of each pool. Measuring has its own, so that a full engine says so at once while hours are being decoded."""
MEASURE_WITHIN_S = 60.0
DECODE_WITHIN_S = 60.0
DECODE_SHARE = 0.1
"""Wall time that decoding may take besides, per second of audio: a hundred times what it takes on an idle core."""


class Decoders:
    """Two pools of processes: one counts packets, one decodes."""

    def __init__(self, *, max_duration_s: float, metrics: Metrics) -> None:
        self._max_duration_s = max_duration_s
        self._measuring = WorkerPool(
            "measure", decode_job.measure, PROCESSES, decode_job.MEASURE_LIMITS, metrics.worker_restarted
        )
        self._decoding = WorkerPool(
            "decode", decode_job.decoded, PROCESSES, decode_job.DECODE_LIMITS, metrics.worker_restarted
        )

    def start(self) -> None:
        self._measuring.start()
        self._decoding.start()

    def measured_s(self, memory_fd: int) -> float:
        """How long the recording in a memfd is, by its packets.

        Raises:
            InvalidArgumentError: it is no recording that is allowed.
        """
        question = {"max_duration_s": self._max_duration_s}
        answer, _ = self._measuring.run(question, [memory_fd], within_s=MEASURE_WITHIN_S)
        return answer["duration_s"]

    def samples(self, memory_fd: int, duration_s: float) -> Samples:
        """16 kHz mono, shape (samples,), read-only; `duration_s` as measured.

        Raises:
            InvalidArgumentError: it cannot be decoded.
        """
        question = {"max_duration_s": self._max_duration_s, "duration_s": duration_s}
        within_s = DECODE_WITHIN_S + DECODE_SHARE * duration_s
        _, samples_fd = self._decoding.run(question, [memory_fd], within_s=within_s)
        assert samples_fd is not None  # noqa: S101 - the job's answer
        try:
            return sample_memory.mapped(samples_fd)
        finally:
            os.close(samples_fd)
