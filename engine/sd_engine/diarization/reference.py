"""Reference mode: pyannote.audio's own pipeline, called untouched, one recording at a time: the others' oracle."""

from __future__ import annotations

import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import redirect_stdout
from typing import TYPE_CHECKING, Any

import torch

from sd_engine.device import device
from sd_engine.diarization import timeline
from sd_engine.diarization.diarizer import Diarized
from sd_engine.metrics import Metrics
from sd_engine.samples import SAMPLE_RATE_HZ, Samples
from sd_engine.transport.options import Options
from sd_engine.transport.request import Request

if TYPE_CHECKING:
    from pyannote.audio.pipelines.speaker_diarization import DiarizeOutput

FIRST_REAL_TIME_FACTOR = 0.1
"""What a recording is taken to cost, per second of it, until one has been measured."""


class ReferenceDiarizer:
    """The thread here owns the device."""

    def __init__(self, pipeline: Any, metrics: Metrics) -> None:  # noqa: ANN401 - whatever pyannote has loaded
        self._pipeline = pipeline
        self._pipeline.legacy = False  # else it answers with less than the contract promises
        self._metrics = metrics
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="device")
        self._waiting_s: dict[Future[Any], float] = {}
        self._real_time_factor = FIRST_REAL_TIME_FACTOR

    def diarize(self, request: Request, held: list[Samples], options: Options) -> Diarized:
        with self._metrics.stage_s.labels("networks").time():
            output, device_s = request.wait_for(self._submit(held, options.pipeline_arguments()))
        with self._metrics.stage_s.labels("timeline").time():
            built = timeline.build(output, options.include)
            return Diarized(timeline.to_json(built), built["num_speakers"], device_s)

    def owed_s(self) -> float:
        return self.cost_s(sum(self._waiting_s.copy().values()))

    def cost_s(self, audio_s: float) -> float:
        return audio_s * self._real_time_factor

    def _submit(self, held: list[Samples], bounds: dict[str, int]) -> Future[tuple[DiarizeOutput, float]]:
        audio_s = len(held[0]) / SAMPLE_RATE_HZ
        run = self._thread.submit(self._run, held, bounds)
        self._waiting_s[run] = audio_s
        run.add_done_callback(self._waiting_s.pop)
        # A cancelled run stays in the executor's queue until its turn; its samples, up to a gigabyte, do not.
        run.add_done_callback(lambda _: held.clear())
        return run

    def _run(self, held: list[Samples], bounds: dict[str, int]) -> tuple[DiarizeOutput, float]:
        started = time.monotonic()
        samples = held.pop()
        waveform = torch.from_numpy(samples.copy())[None]
        try:
            with redirect_stdout(None):  # its clustering prints remarks; the engine itself writes to stderr only
                output = self._pipeline({"waveform": waveform, "sample_rate": SAMPLE_RATE_HZ}, **bounds)
        except torch.AcceleratorError as error:
            device.give_up_if_lost(error)
            raise
        device_s = time.monotonic() - started
        self._real_time_factor = device_s / (len(samples) / SAMPLE_RATE_HZ)
        self._metrics.device_busy_s.inc(device_s)
        return output, device_s
