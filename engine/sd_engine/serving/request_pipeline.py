"""A recording's way through the engine: admit, measure, decode, diarize."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass

from sd_engine import logs
from sd_engine.audio.decoder_pool import DecoderPool
from sd_engine.diarization.diarizer import Diarized, Diarizer
from sd_engine.metrics import Metrics
from sd_engine.samples import SAMPLE_RATE_HZ, Samples
from sd_engine.serving.admission import Admission, Ticket
from sd_engine.serving.lifecycle import Lifecycle
from sd_engine.transport.options import Asked
from sd_engine.transport.request import Call


@dataclass(slots=True, kw_only=True)
class Chain:
    """The stages that all requests share. `diarize` is called from one thread per request."""

    admission: Admission
    lifecycle: Lifecycle
    metrics: Metrics
    decoders: DecoderPool
    diarizer: Diarizer | None = None
    """There once the model is loaded: until then the lifecycle refuses all requests."""

    def diarize(self, call: Call) -> bytes:
        """The timeline of a call's recording, as JSON.

        Raises:
            RefusalError: the recording or what was asked for is wrong, the engine is full, or the call was called off.
        """
        self.lifecycle.check()
        assert self.diarizer is not None  # noqa: S101 - the engine is ready
        asked = Asked.from_message(call.asked)
        with self.admission.admit(os.fstat(call.memory_fd).st_size) as ticket:
            held = [self._decoded(call, ticket)]
            call.forget_recording()
            ticket.on_device = True
            diarized = self.diarizer.diarize(call, held, asked)
            self._done(call, ticket.audio_s, diarized)
            return diarized.timeline

    def owed_s(self) -> float:
        """The device's time still owed to what is in flight, with what is still being decoded."""
        if self.diarizer is None:
            return 0.0
        return self.diarizer.owed_s() + self.diarizer.cost_s(self.admission.ahead_s())

    def _decoded(self, call: Call, ticket: Ticket) -> Samples:
        with self.metrics.stage_s.labels("measure").time():
            duration_s = self.decoders.measure_duration_s(call.memory_fd)
        ticket.reserve(duration_s)
        call.check()
        with self.metrics.stage_s.labels("decode").time():
            samples = self.decoders.decode(call.memory_fd, duration_s)
        ticket.reserve(len(samples) / SAMPLE_RATE_HZ)
        call.check()
        return samples

    def _done(self, call: Call, audio_s: float, diarized: Diarized) -> None:
        duration_s = time.monotonic() - call.arrived
        self.metrics.diarized(audio_s=audio_s, duration_s=duration_s, device_s=diarized.device_s)
        logs.event(
            "diarized",
            id=call.request_id,
            audio_s=audio_s,
            speakers=diarized.speakers,
            duration_s=duration_s,
            device_s=diarized.device_s,
            real_time_factor=duration_s / audio_s,
        )
