"""A recording's way through the engine: admit, decode, pipeline, timeline."""

from __future__ import annotations

import os
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sd_engine import logs, timeline
from sd_engine.admission import Admission, Ticket
from sd_engine.asked import Asked
from sd_engine.calls import Call
from sd_engine.decode import SAMPLE_RATE_HZ, Recording
from sd_engine.lifecycle import Lifecycle
from sd_engine.metrics import Metrics
from sd_engine.pipeline import Pipeline

if TYPE_CHECKING:
    from pyannote.audio.pipelines.speaker_diarization import DiarizeOutput

DECODERS_AT_ONCE = 2
"""Decoding is short beside the pipeline; more at once would only hold more memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """The stages that all requests share. `diarize` is called from one thread per request."""

    admission: Admission
    lifecycle: Lifecycle
    metrics: Metrics
    pipeline: Pipeline
    max_audio_duration_s: float
    _decoders: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(DECODERS_AT_ONCE))

    def diarize(self, call: Call) -> bytes:
        """The timeline of a call's recording, as JSON.

        Raises:
            RefusalError: the recording or what was asked for is wrong, the engine is full, or the call was called off.
        """
        self.lifecycle.check()
        asked = Asked.from_message(call.asked)
        with self.admission.admit(os.fstat(call.memory_fd).st_size) as ticket:
            samples = self._decoded(call, ticket)
            output = self._diarized(call, samples, asked)
            with self.metrics.stage_s.labels("timeline").time():
                return timeline.to_json(timeline.build(output, asked.include))

    def _decoded(self, call: Call, ticket: Ticket) -> NDArray[np.float32]:
        """Room is reserved twice: before decoding for what the header tells, after it for what there was."""
        with open(call.memory_fd, "rb", closefd=False) as file:
            recording = Recording(file, max_duration_s=self.max_audio_duration_s)
            ticket.reserve(recording.expected_s())
            with self._decoders, self.metrics.stage_s.labels("decode").time():
                call.check()
                samples = recording.samples()
        ticket.reserve(len(samples) / SAMPLE_RATE_HZ)
        return samples

    def _diarized(self, call: Call, samples: NDArray[np.float32], asked: Asked) -> DiarizeOutput:
        queued = time.monotonic()
        run = call.result_of(self.pipeline.submit(samples, asked.bounds()))
        audio_s = len(samples) / SAMPLE_RATE_HZ
        self.metrics.audio_s.inc(audio_s)
        self.metrics.stage_s.labels("queue").observe(run.started - queued)
        self.metrics.stage_s.labels("pipeline").observe(run.duration_s)
        self.metrics.real_time_factor.observe(run.duration_s / audio_s)
        logs.event(
            "diarized",
            id=call.request_id,
            audio_s=audio_s,
            speakers=len(timeline.speakers(run.output)),
            queue_s=run.started - queued,
            real_time_factor=run.duration_s / audio_s,
        )
        return run.output
