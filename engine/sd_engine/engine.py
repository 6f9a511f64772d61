"""The engine put together: what listens, what is shared, and how it comes and goes."""

from __future__ import annotations

import threading
import time
from concurrent.futures import wait

from sd_engine import logs
from sd_engine.audio.decoder_pool import DecoderPool
from sd_engine.diarization import model_loader
from sd_engine.diarization.diarizer import Diarizer
from sd_engine.metrics import Metrics
from sd_engine.serving import triton_queue
from sd_engine.serving.admission import Admission
from sd_engine.serving.health import HealthServer
from sd_engine.serving.lifecycle import Lifecycle
from sd_engine.serving.request_pipeline import Chain
from sd_engine.serving.triton_repository import SOCKET_NAME
from sd_engine.settings import Settings
from sd_engine.transport.adapter_liveness import Adapters
from sd_engine.transport.responses import Answers
from sd_engine.transport.server import SocketServer
from sd_engine.workers import worker_pool

SPARE_CALLS = 16


class Engine:
    """Listens from its creation on; answers with timelines once its model is loaded."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lifecycle = Lifecycle()
        self._admission = Admission(
            max_request_bytes=settings.max_request_bytes,
            max_queued_audio_s=settings.max_queued_audio_s,
            max_queued_bytes=settings.max_queued_bytes or 8 * settings.max_request_bytes,
            max_requests=settings.adapters * settings.max_batch_size,
        )
        self._adapters = Adapters(settings.adapters)
        self._metrics = Metrics(self._admission, self._adapters)
        self._decoders = DecoderPool(
            max_duration_s=settings.max_audio_duration_s, on_restart=self._metrics.worker_restarted
        )
        self._chain = Chain(
            admission=self._admission,
            lifecycle=self._lifecycle,
            metrics=self._metrics,
            decoders=self._decoders,
        )
        self._sockets = SocketServer(
            settings.run_dir / SOCKET_NAME,
            self._adapters,
            self._chain.diarize,
            Answers(self._metrics).send,
            # A few more than are admitted: who is one too many is told so, and not left to wait for a thread.
            most_calls=settings.adapters * settings.max_batch_size + SPARE_CALLS,
        )
        self._health = HealthServer(
            settings.http_port,
            lifecycle=self._lifecycle,
            adapters=self._adapters,
            admission=self._admission,
            metrics=self._metrics,
        )

    def start(self) -> None:
        """Answers probes and adapters from now on, in threads; its worker processes come up beside the model."""
        for name, serve in (("socket", self._sockets.serve), ("http", self._health.serve_forever)):
            threading.Thread(target=serve, name=name, daemon=True).start()
        timelines = () if self._settings.mode == "reference" else ("sd_engine.diarization.timeline_job",)
        worker_pool.preload("sd_engine.audio.decoder_pool", *timelines)
        self._decoders.start()
        self._show_waiting()
        logs.event("listening", socket=self._settings.run_dir / SOCKET_NAME, http_port=self._settings.http_port)

    def load(self) -> None:
        """Loads the model, then takes requests.

        Raises:
            CorruptError: it is not the one that is pinned.
            ModelError: it cannot be loaded.
        """
        started = time.monotonic()
        settings = self._settings
        loaded = model_loader.load(settings.model_dir, settings.device, settings.model_digest, settings.model_name)
        self._chain.diarizer, mode = self._diarizer(loaded)
        description = loaded.description() | {"mode": mode}
        self._metrics.model.info(description)
        self._show_gpu(loaded)
        self._lifecycle.is_ready_now()
        logs.event("ready", after_s=time.monotonic() - started, **description)

    @property
    def is_loading(self) -> bool:
        return self._lifecycle.is_loading

    def leave(self, within_s: float) -> bool:
        """Takes no more requests and waits for those in flight; says whether all could be answered in time."""
        self._lifecycle.leaves_now()
        logs.event("leaving", requests_in_flight=self._admission.requests())
        return not wait(self._sockets.unanswered(), within_s).not_done

    def _diarizer(self, loaded: model_loader.Model) -> tuple[Diarizer, str]:
        """In the mode that was asked for, where the pipeline is one that it knows."""
        from sd_engine.diarization import compatibility, exact, reference  # noqa: PLC0415 - with torch, which is loaded by now

        mode = self._settings.mode
        if mode != "reference" and (obstacle := compatibility.obstacle(loaded.pipeline)):
            logs.event("reference_fallback", asked=mode, why=obstacle)
            self._metrics.fallback.set(1)
            mode = "reference"
        if mode == "reference":
            return reference.ReferenceDiarizer(loaded.pipeline, self._metrics), mode
        diarizer = exact.build(loaded, fast=mode == "fast", metrics=self._metrics)
        diarizer.start()
        return diarizer, mode

    def _show_gpu(self, loaded: model_loader.Model) -> None:
        from sd_engine.device import device, gpu  # noqa: PLC0415

        if loaded.device.type == "cuda" and (found := gpu.found(device.uuid(loaded.device))):
            self._metrics.watch_gpu(found)

    def _show_waiting(self) -> None:
        """Triton's queue is part of what is owed: it grows first when the adapters are all busy."""
        metrics, url = self._metrics, self._settings.triton_metrics_url

        def backlog_s() -> float:
            return self._chain.owed_s() + triton_queue.waiting(url) * metrics.usual_cost_s

        metrics.gauge("sd_requests_waiting", "Requests in Triton's queue.", lambda: triton_queue.waiting(url))
        metrics.gauge("sd_backlog_seconds", "Time that the device owes to requests in flight and waiting.", backlog_s)
