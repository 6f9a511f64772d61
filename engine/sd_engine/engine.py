"""The engine put together: what listens, what is shared, and how it comes and goes."""

from __future__ import annotations

import threading
import time
from concurrent.futures import wait

from sd_engine import logs
from sd_engine.adapters import Adapters
from sd_engine.admission import Admission
from sd_engine.answers import Answers
from sd_engine.chain import Chain
from sd_engine.http_server import HealthServer
from sd_engine.layout import SOCKET_NAME
from sd_engine.lifecycle import Lifecycle
from sd_engine.metrics import Metrics
from sd_engine.pipeline import Pipeline
from sd_engine.server import SocketServer
from sd_engine.settings import Settings


class Engine:
    """Listens from its creation on; answers with timelines once its model is loaded."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lifecycle = Lifecycle()
        self._admission = Admission(
            max_request_bytes=settings.max_request_bytes, max_queued_audio_s=settings.max_queued_audio_s
        )
        self._adapters = Adapters(settings.adapters)
        self._metrics = Metrics(self._admission, self._adapters)
        self._pipeline = Pipeline(settings.model_dir, settings.device)
        self._sockets = SocketServer(
            settings.run_dir / SOCKET_NAME,
            self._adapters,
            self._chain().diarize,
            Answers(self._metrics).send,
            most_calls=settings.adapters * settings.max_batch_size,
        )
        self._health = HealthServer(
            settings.http_port,
            lifecycle=self._lifecycle,
            adapters=self._adapters,
            admission=self._admission,
            metrics=self._metrics,
        )

    def start(self) -> None:
        """Answers probes and adapters from now on, in threads."""
        for name, serve in (("socket", self._sockets.serve), ("http", self._health.serve_forever)):
            threading.Thread(target=serve, name=name, daemon=True).start()
        logs.event("listening", socket=self._settings.run_dir / SOCKET_NAME, http_port=self._settings.http_port)

    def load(self) -> None:
        """Loads the model, then takes requests.

        Raises:
            ModelError: it cannot be loaded.
        """
        started = time.monotonic()
        self._pipeline.load()
        self._metrics.model.info(self._pipeline.description | {"mode": self._settings.mode})
        self._lifecycle.is_ready_now()
        logs.event("ready", after_s=time.monotonic() - started, mode=self._settings.mode, **self._pipeline.description)

    @property
    def is_loading(self) -> bool:
        return self._lifecycle.is_loading

    def leave(self, within_s: float) -> bool:
        """Takes no more requests and waits for those in flight; says whether all could be answered in time."""
        self._lifecycle.leaves_now()
        logs.event("leaving", requests_in_flight=self._admission.requests())
        return not wait(self._sockets.unanswered(), within_s).not_done

    def _chain(self) -> Chain:
        return Chain(
            admission=self._admission,
            lifecycle=self._lifecycle,
            metrics=self._metrics,
            pipeline=self._pipeline,
            max_audio_duration_s=self._settings.max_audio_duration_s,
        )
