"""Prometheus metrics of requests, audio, processing stages, the device and the model; see docs/metrics.md."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Protocol, TypeVar

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    ProcessCollector,
    disable_created_metrics,
)

from sd_engine import logs

OUTCOMES = ("ok", "invalid_argument", "unavailable", "cancelled", "internal")
STAGES = ("measure", "decode", "networks", "timeline")
KINDS = ("segmentation", "embedding")
POOLS = ("measure", "decode", "timeline")
RESTART_REASONS = ("crashed", "hung", "memory", "cpu")
LENGTHS_S = {"under_1m": 60.0, "under_10m": 600.0, "under_1h": 3600.0, "over_1h": float("inf")}
"""Values of the `length` label and their upper bounds: short and long recordings need separate latency histograms."""
_SECONDS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200)
_REAL_TIME_FACTORS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
_NEWEST_REQUEST_WEIGHT = 0.1

_Kind = TypeVar("_Kind", bound=str)

disable_created_metrics()  # they double the number of series and are not used


class GpuReadings(Protocol):
    """Readings of a GPU, as in `sd_engine.device.gpu`."""

    def memory_used_bytes(self) -> float: ...

    def memory_total_bytes(self) -> float: ...

    def utilisation(self) -> float: ...


class Metrics:
    """All metrics in a registry of their own, so that one process can hold several engines, as tests do."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._lock = threading.Lock()
        self.mean_request_cost_s = 0.0
        """Device time per request, as a moving average."""
        self.requests = self._counter("sd_requests", "Requests that have received a response.", ["outcome"])
        self.audio_s = self._counter("sd_audio_seconds", "Audio of successful requests.")
        self.latency_s = self._histogram(
            "sd_request_duration_seconds", "Time from arrival to response of successful requests.", ["length"], _SECONDS
        )
        self.real_time_factor = self._histogram(
            "sd_real_time_factor",
            "Time from arrival to response per second of audio, of successful requests.",
            ["length"],
            _REAL_TIME_FACTORS,
        )
        self.stage_s = self._histogram("sd_stage_duration_seconds", "Time in one stage.", ["stage"], _SECONDS)
        self.windows = self._counter("sd_windows", "Windows that the device has computed.", ["kind"])
        self.device_busy_s = self._counter("sd_device_busy_seconds", "Time in which the device computed.")
        self.device_cpu_s = self._counter("sd_device_cpu_seconds", "CPU time of the device's batches.")
        self.device_demand_s = self._counter(
            "sd_device_demand_seconds", "Time in which at least one recording needed the device."
        )
        self.out_of_memory_backoffs = self._counter(
            "sd_out_of_memory_backoffs", "Batches that did not fit into the device's memory.", ["kind"]
        )
        self.worker_restarts = self._counter("sd_worker_restarts", "Worker processes replaced.", ["pool", "reason"])
        self.model = Info("sd_model", "The loaded pipeline.", registry=self.registry)
        self.reference_fallback = Gauge(
            "sd_reference_fallback",
            "1 if the pipeline is not supported by the configured mode and runs in reference mode.",
            registry=self.registry,
        )
        self._create_label_values()

    def add_gauge(self, name: str, documentation: str, value: Callable[[], float]) -> None:
        """Add a gauge whose value is read at each scrape."""
        Gauge(name, documentation, registry=self.registry).set_function(value)

    def add_request_gauges(
        self,
        *,
        in_flight: Callable[[], float],
        audio_s: Callable[[], float],
        size_bytes: Callable[[], float],
        adapters_connected: Callable[[], float],
    ) -> None:
        """Add the gauges of the requests in flight and of the adapters that send them."""
        self.add_gauge("sd_requests_in_flight", "Requests in the engine.", in_flight)
        self.add_gauge("sd_queued_audio_seconds", "Audio of the requests in the engine.", audio_s)
        self.add_gauge("sd_queued_bytes", "Size of the recordings in the engine.", size_bytes)
        self.add_gauge("sd_adapters_connected", "Triton's adapters that are connected.", adapters_connected)

    def add_backlog_gauges(self, *, waiting: Callable[[], float], backlog_s: Callable[[], float]) -> None:
        """Add the gauges of requests that wait in Triton's queue and of the work that is pending in total."""
        self.add_gauge("sd_requests_waiting", "Requests in Triton's queue.", waiting)
        self.add_gauge(
            "sd_backlog_seconds", "Device time needed by all requests that are in flight or waiting.", backlog_s
        )

    def add_device_metrics(self, batch_sizes: Mapping[_Kind, int]) -> None:
        """Add the device's efficiency and its batch sizes, which are read at each scrape."""
        self.add_gauge(
            "sd_device_efficiency", "Busy time of the device divided by the time it was needed.", self._efficiency
        )
        sizes = Gauge("sd_batch_size", "Units in a full batch.", ["kind"], registry=self.registry)
        for kind in list(batch_sizes):
            sizes.labels(kind).set_function(lambda kind=kind: batch_sizes[kind])

    def add_gpu_metrics(self, gpu: GpuReadings) -> None:
        """Add the GPU's memory and utilisation."""
        self.add_gauge("sd_device_memory_used_bytes", "GPU memory in use, by all processes.", gpu.memory_used_bytes)
        self.add_gauge("sd_device_memory_total_bytes", "GPU memory in total.", gpu.memory_total_bytes)
        self.add_gauge("sd_device_utilisation", "Fraction of time in which a kernel ran, from 0 to 1.", gpu.utilisation)

    def record_response(self, outcome: str) -> None:
        """Count a response; `outcome` is one of `OUTCOMES`."""
        self.requests.labels(outcome).inc()

    def record_diarization(self, *, audio_s: float, latency_s: float, device_s: float) -> None:
        """Record a successful request: its audio, its latency, and the device time that it took."""
        length = next(name for name, limit_s in LENGTHS_S.items() if audio_s < limit_s)
        self.audio_s.inc(audio_s)
        self.latency_s.labels(length).observe(latency_s)
        self.real_time_factor.labels(length).observe(latency_s / audio_s)
        with self._lock:
            mean_s = self.mean_request_cost_s or device_s
            self.mean_request_cost_s = mean_s + _NEWEST_REQUEST_WEIGHT * (device_s - mean_s)

    def record_worker_restart(self, pool: str, reason: str) -> None:
        """Count a worker process that was replaced; `reason` is one of `RESTART_REASONS`."""
        self.worker_restarts.labels(pool, reason).inc()

    def record_batch(self, kind: str, windows: int, duration_s: float, cpu_s: float) -> None:
        """Record a batch that the device has computed."""
        self.windows.labels(kind).inc(windows)
        self.device_busy_s.inc(duration_s)
        self.device_cpu_s.inc(cpu_s)

    def record_out_of_memory(self, kind: str, batch_size: int) -> None:
        """Count and log a batch that did not fit into the device's memory."""
        self.out_of_memory_backoffs.labels(kind).inc()
        logs.event("out_of_memory", kind=kind, batch_size=batch_size)

    def record_device_demand(self, duration_s: float) -> None:
        """Add time in which at least one recording needed the device."""
        self.device_demand_s.inc(duration_s)

    def _efficiency(self) -> float:
        demand_s = self.device_demand_s._value.get()  # noqa: SLF001 - the library has no public way to read a counter
        return self.device_busy_s._value.get() / demand_s if demand_s else 1.0  # noqa: SLF001

    def _counter(self, name: str, documentation: str, labels: list[str] | None = None) -> Counter:
        return Counter(name, documentation, labels or [], registry=self.registry)

    def _histogram(self, name: str, documentation: str, labels: list[str], buckets: tuple[float, ...]) -> Histogram:
        return Histogram(name, documentation, labels, buckets=buckets, registry=self.registry)

    def _create_label_values(self) -> None:
        """Create every series at the start: `rate()` misses the first increase of one that appears later."""
        for outcome in OUTCOMES:
            self.requests.labels(outcome)
        for stage in STAGES:
            self.stage_s.labels(stage)
        for length in LENGTHS_S:
            self.latency_s.labels(length)
            self.real_time_factor.labels(length)
        for kind in KINDS:
            self.windows.labels(kind)
            self.out_of_memory_backoffs.labels(kind)
        for pool in POOLS:
            for reason in RESTART_REASONS:
                self.worker_restarts.labels(pool, reason)
