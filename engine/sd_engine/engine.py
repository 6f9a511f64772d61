"""The engine: its servers, its request pipeline, and their start and shutdown."""

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
from sd_engine.serving.admission import AdmissionController
from sd_engine.serving.health import HealthServer
from sd_engine.serving.lifecycle import Lifecycle
from sd_engine.serving.request_pipeline import RequestPipeline
from sd_engine.serving.triton_repository import SOCKET_NAME
from sd_engine.settings import Settings
from sd_engine.transport.adapter_liveness import AdapterLiveness
from sd_engine.transport.responses import ResponseSender
from sd_engine.transport.server import SocketServer
from sd_engine.workers import worker_pool

REJECTION_THREADS = 16
"""Threads beyond the admitted requests, so that requests over the limit are rejected immediately."""


class Engine:
    """Listens from its creation on; returns timelines once its model is loaded."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lifecycle = Lifecycle()
        max_requests = settings.adapters * settings.max_batch_size
        self._admission = AdmissionController(
            max_request_bytes=settings.max_request_bytes,
            max_queued_audio_s=settings.max_queued_audio_s,
            max_queued_bytes=settings.max_queued_bytes or 8 * settings.max_request_bytes,
            max_requests=max_requests,
        )
        self._adapters = AdapterLiveness(settings.adapters)
        self._metrics = Metrics()
        self._decoders = DecoderPool(
            max_duration_s=settings.max_audio_duration_s, on_restart=self._metrics.record_worker_restart
        )
        self._pipeline = RequestPipeline(
            admission=self._admission,
            lifecycle=self._lifecycle,
            metrics=self._metrics,
            decoders=self._decoders,
        )
        self._socket_server = SocketServer(
            settings.run_dir / SOCKET_NAME,
            self._adapters,
            self._pipeline.diarize,
            ResponseSender(self._metrics.record_response).send,
            max_threads=max_requests + REJECTION_THREADS,
        )
        self._health_server = HealthServer(
            settings.http_port,
            lifecycle=self._lifecycle,
            adapters=self._adapters,
            admission=self._admission,
            registry=self._metrics.registry,
        )
        self._add_gauges()

    def start(self) -> None:
        """Serve probes and adapters in threads, and start the worker processes while the model loads."""
        for name, serve in (("socket", self._socket_server.serve), ("http", self._health_server.serve_forever)):
            threading.Thread(target=serve, name=name, daemon=True).start()
        timeline_job = () if self._settings.mode == "reference" else ("sd_engine.diarization.timeline_job",)
        worker_pool.preload("sd_engine.audio.decoder_pool", *timeline_job)
        self._decoders.start()
        logs.event("listening", socket=self._settings.run_dir / SOCKET_NAME, http_port=self._settings.http_port)

    def load(self) -> None:
        """Load the model, then accept requests.

        Raises:
            CorruptError: the model differs from the pinned digest.
            ModelError: the model cannot be loaded.
        """
        started = time.monotonic()
        settings = self._settings
        model = model_loader.load(settings.model_dir, settings.device, settings.model_digest, settings.model_name)
        self._pipeline.diarizer, mode = self._start_diarizer(model)
        description = model.description() | {"mode": mode}
        self._metrics.model.info(description)
        self._add_gpu_metrics(model)
        self._lifecycle.set_ready()
        logs.event("ready", after_s=time.monotonic() - started, **description)

    @property
    def is_loading(self) -> bool:
        """True until the model has been loaded."""
        return self._lifecycle.is_loading

    def shut_down(self, timeout_s: float) -> bool:
        """Reject new requests and wait for those in flight; return True if all received a response in time."""
        self._lifecycle.begin_shutdown()
        logs.event("shutting_down", requests_in_flight=self._admission.in_flight())
        return not wait(self._socket_server.pending(), timeout_s).not_done

    def _start_diarizer(self, model: model_loader.Model) -> tuple[Diarizer, str]:
        """Return a diarizer and its mode: the configured one, or reference if the pipeline is not supported by it."""
        from sd_engine.diarization import compatibility, exact, reference  # noqa: PLC0415 - they import torch

        mode = self._settings.mode
        if mode != "reference" and (reason := compatibility.incompatibility(model.pipeline)):
            logs.event("reference_fallback", configured_mode=mode, reason=reason)
            self._metrics.reference_fallback.set(1)
            mode = "reference"
        if mode == "reference":
            return reference.ReferenceDiarizer(model.pipeline, self._metrics), mode
        diarizer = exact.build(model, fast=mode == "fast", metrics=self._metrics)
        diarizer.start()
        return diarizer, mode

    def _add_gauges(self) -> None:
        admission, metrics, url = self._admission, self._metrics, self._settings.triton_metrics_url

        def backlog_s() -> float:
            return self._pipeline.pending_s() + triton_queue.pending_requests(url) * metrics.mean_request_cost_s

        metrics.add_request_gauges(
            in_flight=admission.in_flight,
            audio_s=admission.audio_s,
            size_bytes=admission.size_bytes,
            adapters_connected=self._adapters.connected,
        )
        metrics.add_backlog_gauges(waiting=lambda: triton_queue.pending_requests(url), backlog_s=backlog_s)

    def _add_gpu_metrics(self, model: model_loader.Model) -> None:
        from sd_engine.device import device, gpu  # noqa: PLC0415 - they import torch

        if model.device.type == "cuda" and (found := gpu.find(device.uuid(model.device))):
            self._metrics.add_gpu_metrics(found)
