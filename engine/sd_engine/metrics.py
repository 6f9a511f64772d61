"""What Prometheus is told: requests, audio, stages, the device, adapters, the model. docs/metrics.md explains each."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

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
from sd_engine.serving.admission import Admission
from sd_engine.transport.adapter_liveness import Adapters

if TYPE_CHECKING:
    from sd_engine.device.gpu import Gpu
    from sd_engine.device.inference import Kind

OUTCOMES = ("ok", "invalid_argument", "unavailable", "cancelled", "internal")
STAGES = ("measure", "decode", "networks", "timeline")
KINDS = ("segmentation", "embedding")
POOLS = ("measure", "decode", "timeline")
DEATHS = ("crashed", "hung", "memory", "cpu")
LENGTHS_S = {"under_1m": 60.0, "under_10m": 600.0, "under_1h": 3600.0, "over_1h": float("inf")}
"""Classes of recordings by their length: a clip and a hearing have no latency in common."""
_SECONDS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200)
_REAL_TIME_FACTORS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
_WEIGHT_OF_NEWEST = 0.1

disable_created_metrics()  # one more series for each, which nobody asks for


class Metrics:
    """One registry of its own, so that a process may hold several engines (as tests do)."""

    def __init__(self, admission: Admission, adapters: Adapters) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._lock = threading.Lock()
        self.usual_cost_s = 0.0
        """The device's time for a request, a moving average."""
        self.requests = self._counter("sd_requests", "Requests answered.", ["outcome"])
        self.audio_s = self._counter("sd_audio_seconds", "Audio of the requests answered ok.")
        self.duration_s = self._histogram(
            "sd_request_duration_seconds", "From arrival to answer, of those answered ok.", ["length"], _SECONDS
        )
        self.real_time_factor = self._histogram(
            "sd_real_time_factor",
            "From arrival to answer, per second of audio, of those answered ok.",
            ["length"],
            _REAL_TIME_FACTORS,
        )
        self.stage_s = self._histogram("sd_stage_duration_seconds", "Time in one stage.", ["stage"], _SECONDS)
        self.windows = self._counter("sd_windows", "Windows that the device has computed.", ["kind"])
        self.device_busy_s = self._counter("sd_device_busy_seconds", "Time in which the device computed.")
        self.device_cpu_s = self._counter("sd_device_cpu_seconds", "CPU time of the device's batches.")
        self.device_wanted_s = self._counter("sd_device_wanted_seconds", "Time in which a recording wanted the device.")
        self.out_of_memory_backoffs = self._counter(
            "sd_out_of_memory_backoffs", "Batches that did not fit into the device's memory.", ["kind"]
        )
        self.worker_restarts = self._counter("sd_worker_restarts", "Worker processes replaced.", ["pool", "why"])
        self.model = Info("sd_model", "The loaded pipeline.", registry=self.registry)
        self.fallback = Gauge(
            "sd_reference_fallback",
            "1 = the pipeline is not known and runs in reference mode, whatever mode was asked for.",
            registry=self.registry,
        )
        self.gauge("sd_requests_in_flight", "Requests in the engine.", admission.requests)
        self.gauge("sd_queued_audio_seconds", "Audio of the requests in the engine.", admission.audio_s)
        self.gauge("sd_queued_bytes", "Size of the recordings in the engine.", admission.bytes)
        self.gauge("sd_adapters_connected", "Adapters of Triton that are connected.", adapters.connected)
        self._show_all_labels()

    def gauge(self, name: str, text: str, value: Callable[[], float]) -> None:
        """A value that is asked for at each scrape."""
        Gauge(name, text, registry=self.registry).set_function(value)

    def diarized(self, *, audio_s: float, duration_s: float, device_s: float) -> None:
        """A request was answered with a timeline."""
        length = next(name for name, limit_s in LENGTHS_S.items() if audio_s < limit_s)
        self.audio_s.inc(audio_s)
        self.duration_s.labels(length).observe(duration_s)
        self.real_time_factor.labels(length).observe(duration_s / audio_s)
        with self._lock:
            before_s = self.usual_cost_s or device_s
            self.usual_cost_s = before_s + _WEIGHT_OF_NEWEST * (device_s - before_s)

    def worker_restarted(self, pool: str, why: str) -> None:
        self.worker_restarts.labels(pool, why).inc()

    def batch_done(self, kind: Kind, windows: int, duration_s: float, cpu_s: float) -> None:
        self.windows.labels(kind).inc(windows)
        self.device_busy_s.inc(duration_s)
        self.device_cpu_s.inc(cpu_s)

    def out_of_memory(self, kind: Kind, batch_size: int) -> None:
        self.out_of_memory_backoffs.labels(kind).inc()
        logs.event("out_of_memory", kind=kind, batch_size=batch_size)

    def wanted(self, duration_s: float) -> None:
        self.device_wanted_s.inc(duration_s)

    def watch_device(self, batch_sizes: Mapping[Kind, int]) -> None:
        """Shows how well the device is used and how much it takes at a time."""
        self.gauge("sd_device_efficiency", "Busy time per wanted time of the device since the start.", self._efficiency)
        sizes = Gauge("sd_batch_size", "Units in a full batch.", ["kind"], registry=self.registry)
        for kind in list(batch_sizes):
            sizes.labels(kind).set_function(lambda kind=kind: batch_sizes[kind])

    def watch_gpu(self, gpu: Gpu) -> None:
        """Shows what NVML says."""
        self.gauge("sd_device_memory_used_bytes", "Memory of the GPU in use, by anybody.", gpu.memory_used_bytes)
        self.gauge("sd_device_memory_total_bytes", "Memory of the GPU.", gpu.memory_total_bytes)
        self.gauge("sd_device_utilisation", "Share of time in which a kernel ran, 0 to 1.", gpu.utilisation)

    def _efficiency(self) -> float:
        wanted_s = self.device_wanted_s._value.get()  # noqa: SLF001 - the library has no other way to read a counter
        return self.device_busy_s._value.get() / wanted_s if wanted_s else 1.0  # noqa: SLF001

    def _counter(self, name: str, text: str, labels: list[str] | None = None) -> Counter:
        return Counter(name, text, labels or [], registry=self.registry)

    def _histogram(self, name: str, text: str, labels: list[str], buckets: tuple[float, ...]) -> Histogram:
        return Histogram(name, text, labels, buckets=buckets, registry=self.registry)

    def _show_all_labels(self) -> None:
        """From the first scrape on: a rate over a counter that appears only with its first failure misses it."""
        for outcome in OUTCOMES:
            self.requests.labels(outcome)
        for stage in STAGES:
            self.stage_s.labels(stage)
        for length in LENGTHS_S:
            self.duration_s.labels(length)
            self.real_time_factor.labels(length)
        for kind in KINDS:
            self.windows.labels(kind)
            self.out_of_memory_backoffs.labels(kind)
        for pool in POOLS:
            for why in DEATHS:
                self.worker_restarts.labels(pool, why)
