"""The operator's own metrics, under the names that controller-runtime uses, so that existing dashboards work."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.registry import Collector

CONTROLLER = "diarizationservice"
BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Metrics:
    """The metrics of one process, in a registry of their own, so that each test can have one."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._add_reconcile_metrics()
        self._add_workqueue_metrics()
        self._add_api_server_metrics()

    def _add_reconcile_metrics(self) -> None:
        self.reconciles = self._counter(
            "controller_runtime_reconcile_total",
            "Reconciles by result: success, requeue_after (requeued with a delay) or error.",
            "controller", "result",
        )  # fmt: skip
        self.reconcile_errors = self._counter(
            "controller_runtime_reconcile_errors_total", "Reconciles that failed with an error.", "controller"
        )
        self.reconcile_panics = self._counter(
            "controller_runtime_reconcile_panics_total",
            "Reconciles that failed because of a bug in the operator.",
            "controller",
        )
        self.reconcile_seconds = self._histogram(
            "controller_runtime_reconcile_time_seconds", "Duration of a reconcile.", "controller"
        )
        self.active_workers = self._gauge(
            "controller_runtime_active_workers", "Workers that are reconciling a service.", "controller"
        )
        self.max_workers = self._gauge(
            "controller_runtime_max_concurrent_reconciles", "Maximum number of concurrent reconciles.", "controller"
        )

    def _add_workqueue_metrics(self) -> None:
        self.queue_depth = self._gauge("workqueue_depth", "DiarizationServices that are due for a reconcile.", "name")
        self.queue_adds = self._counter("workqueue_adds_total", "Events that enqueued a DiarizationService.", "name")
        self.queue_retries = self._counter("workqueue_retries_total", "Failed reconciles that are retried.", "name")
        self.queue_seconds = self._histogram(
            "workqueue_queue_duration_seconds",
            "Time for which a DiarizationService was due before its reconcile.",
            "name",
        )
        self.work_seconds = self._histogram(
            "workqueue_work_duration_seconds", "Time for which a worker processed a DiarizationService.", "name"
        )
        self.unfinished_work_seconds = self._gauge(
            "workqueue_unfinished_work_seconds", "Total duration of all reconciles in progress.", "name"
        )
        self.longest_running_seconds = self._gauge(
            "workqueue_longest_running_processor_seconds", "Duration of the longest reconcile in progress.", "name"
        )

    def _add_api_server_metrics(self) -> None:
        self.requests = self._counter(
            "rest_client_requests_total", "Requests to the API server by HTTP status.", "code", "method", "host"
        )
        self.writes = self._counter(
            "sd_operator_writes_total",
            "Writes to the API server, excluding renewals of the Lease; constant while nothing changes.",
            "verb", "kind",
        )  # fmt: skip
        self.leader_status = self._gauge(
            "leader_election_master_status", "1 if this pod is the leader, otherwise 0.", "name"
        )
        self.watch_starts = self._counter(
            "sd_operator_watch_starts_total", "Starts of the watches: at startup, after errors and when kinds change."
        )

    def add(self, collector: Collector) -> None:
        """Register a collector that computes its metrics at each scrape."""
        self._registry.register(collector)

    def render(self) -> bytes:
        """The metrics page in the Prometheus text format."""
        return generate_latest(self._registry)

    def _counter(self, name: str, documentation: str, *labels: str) -> Counter:
        return Counter(name, documentation, labels, registry=self._registry)

    def _gauge(self, name: str, documentation: str, *labels: str) -> Gauge:
        return Gauge(name, documentation, labels, registry=self._registry)

    def _histogram(self, name: str, documentation: str, *labels: str) -> Histogram:
        return Histogram(name, documentation, labels, buckets=BUCKETS_S, registry=self._registry)
