"""What Prometheus is told: requests, audio, time per stage, adapters, the model."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    ProcessCollector,
    disable_created_metrics,
)

from sd_engine.adapters import Adapters
from sd_engine.admission import Admission

OUTCOMES = ("ok", "invalid_argument", "unavailable", "cancelled", "internal")
STAGES = ("decode", "queue", "pipeline", "timeline")
_SECONDS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200)
_REAL_TIME_FACTORS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)


disable_created_metrics()  # one more series for each, which nobody asks for


class Metrics:
    """One registry of its own, so that a process may hold several engines (as tests do)."""

    def __init__(self, admission: Admission, adapters: Adapters) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.requests = Counter("sd_requests", "Requests answered.", ["outcome"], registry=self.registry)
        self.audio_s = Counter("sd_audio_seconds", "Audio of the requests answered ok.", registry=self.registry)
        self.duration_s = self._histogram("sd_request_duration_seconds", "From arrival to answer.", _SECONDS)
        self.real_time_factor = self._histogram(
            "sd_real_time_factor", "Time in the pipeline per time of audio.", _REAL_TIME_FACTORS
        )
        self.stage_s = Histogram(
            "sd_stage_duration_seconds", "Time in one stage.", ["stage"], buckets=_SECONDS, registry=self.registry
        )
        self.model = Info("sd_model", "The loaded pipeline.", registry=self.registry)
        self._gauge("sd_requests_in_flight", "Requests in the engine.", admission.requests)
        self._gauge("sd_queued_audio_seconds", "Audio of the requests in the engine.", admission.audio_s)
        self._gauge("sd_adapters_connected", "Adapters of Triton that are connected.", adapters.connected)
        self._show_all_labels()

    def _histogram(self, name: str, text: str, buckets: tuple[float, ...]) -> Histogram:
        return Histogram(name, text, buckets=buckets, registry=self.registry)

    def _gauge(self, name: str, text: str, value: Callable[[], float]) -> None:
        Gauge(name, text, registry=self.registry).set_function(value)

    def _show_all_labels(self) -> None:
        """From the first scrape on: a rate over a counter that appears only with its first failure misses it."""
        for outcome in OUTCOMES:
            self.requests.labels(outcome)
        for stage in STAGES:
            self.stage_s.labels(stage)
