"""The stages of a request: admit, measure, decode, diarize."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass

from sd_engine import logs
from sd_engine.audio.decoder_pool import DecoderPool
from sd_engine.diarization.diarizer import DiarizationResult, Diarizer
from sd_engine.metrics import Metrics
from sd_engine.samples import SAMPLE_RATE_HZ, Samples
from sd_engine.serving.admission import AdmissionController, AdmittedRequest
from sd_engine.serving.lifecycle import Lifecycle
from sd_engine.transport.options import Options
from sd_engine.transport.request import Request


@dataclass(slots=True, kw_only=True)
class RequestPipeline:
    """The stages that all requests share. `diarize` is called from one thread per request."""

    admission: AdmissionController
    lifecycle: Lifecycle
    metrics: Metrics
    decoders: DecoderPool
    diarizer: Diarizer | None = None
    """Set once the model is loaded; until then the lifecycle rejects all requests."""

    def diarize(self, request: Request) -> bytes:
        """Return the timeline of a request's recording, as JSON.

        Raises:
            RequestError: the recording or an option is invalid, the engine is not ready or full, or the request was
                cancelled.
        """
        self.lifecycle.raise_if_unready()
        assert self.diarizer is not None  # noqa: S101 - the engine is ready
        options = Options.from_message(request.options)
        with self.admission.admit(os.fstat(request.memory_fd).st_size) as admitted:
            samples = [self._decode(request, admitted)]
            request.close_recording()
            admitted.is_on_device = True
            diarized = self.diarizer.diarize(request, samples, options)
            self._record(request, admitted.audio_s, diarized)
            return diarized.timeline

    def pending_s(self) -> float:
        """Return the device time that the requests in flight still need, those that are being decoded included."""
        if self.diarizer is None:
            return 0.0
        return self.diarizer.pending_s() + self.diarizer.estimate_s(self.admission.undecoded_audio_s())

    def _decode(self, request: Request, admitted: AdmittedRequest) -> Samples:
        with self.metrics.stage_s.labels("measure").time():
            audio_s = self.decoders.measure_duration_s(request.memory_fd)
        admitted.reserve(audio_s)
        request.raise_if_cancelled()
        with self.metrics.stage_s.labels("decode").time():
            samples = self.decoders.decode(request.memory_fd, audio_s)
        admitted.reserve(len(samples) / SAMPLE_RATE_HZ)
        request.raise_if_cancelled()
        return samples

    def _record(self, request: Request, audio_s: float, result: DiarizationResult) -> None:
        latency_s = time.monotonic() - request.arrived
        self.metrics.record_diarization(audio_s=audio_s, latency_s=latency_s, device_s=result.device_s)
        logs.event(
            "diarized",
            id=request.request_id,
            audio_s=audio_s,
            num_speakers=result.num_speakers,
            latency_s=latency_s,
            device_s=result.device_s,
            real_time_factor=latency_s / audio_s,
        )
