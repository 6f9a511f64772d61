"""Reference mode: pyannote.audio's unmodified pipeline, one recording at a time; the oracle of the other modes."""

from __future__ import annotations

import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import redirect_stdout
from typing import TYPE_CHECKING, Any

import torch

from sd_engine.device import device
from sd_engine.diarization import timeline
from sd_engine.diarization.diarizer import DiarizationResult
from sd_engine.metrics import Metrics
from sd_engine.samples import SAMPLE_RATE_HZ, Samples
from sd_engine.transport.options import Options
from sd_engine.transport.request import Request

if TYPE_CHECKING:
    from pyannote.audio.pipelines.speaker_diarization import DiarizeOutput

INITIAL_REAL_TIME_FACTOR = 0.1
"""Assumed device time per second of audio until a recording has been measured."""


class ReferenceDiarizer:
    """Calls the pipeline in one thread, which owns the device."""

    def __init__(self, pipeline: Any, metrics: Metrics) -> None:  # noqa: ANN401 - any pipeline of pyannote.audio
        self._pipeline = pipeline
        self._pipeline.legacy = False  # a legacy output lacks the exclusive segments and the embeddings
        self._metrics = metrics
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="device")
        self._pending_audio_s: dict[Future[Any], float] = {}
        self._real_time_factor = INITIAL_REAL_TIME_FACTOR

    def diarize(self, request: Request, owned_samples: list[Samples], options: Options) -> DiarizationResult:
        with self._metrics.stage_s.labels("networks").time():
            output, device_s = request.wait_for(self._submit(owned_samples, options.pipeline_arguments()))
        with self._metrics.stage_s.labels("timeline").time():
            document = timeline.build(output, options.include)
            return DiarizationResult(timeline.to_json(document), document["num_speakers"], device_s)

    def pending_s(self) -> float:
        return self.estimate_s(sum(self._pending_audio_s.copy().values()))

    def estimate_s(self, audio_s: float) -> float:
        return audio_s * self._real_time_factor

    def _submit(self, owned_samples: list[Samples], bounds: dict[str, int]) -> Future[tuple[DiarizeOutput, float]]:
        audio_s = len(owned_samples[0]) / SAMPLE_RATE_HZ
        future = self._thread.submit(self._run, owned_samples, bounds)
        self._pending_audio_s[future] = audio_s
        future.add_done_callback(self._pending_audio_s.pop)
        # A cancelled future stays in the executor's queue; its samples must not.
        future.add_done_callback(lambda _: owned_samples.clear())
        return future

    def _run(self, owned_samples: list[Samples], bounds: dict[str, int]) -> tuple[DiarizeOutput, float]:
        started = time.monotonic()
        samples = owned_samples.pop()
        waveform = torch.from_numpy(samples.copy())[None]
        try:
            with redirect_stdout(None):  # clustering prints messages
                output = self._pipeline({"waveform": waveform, "sample_rate": SAMPLE_RATE_HZ}, **bounds)
        except torch.AcceleratorError as error:
            device.exit_if_lost(error)
            raise
        device_s = time.monotonic() - started
        self._real_time_factor = device_s / (len(samples) / SAMPLE_RATE_HZ)
        self._metrics.device_busy_s.inc(device_s)
        return output, device_s
