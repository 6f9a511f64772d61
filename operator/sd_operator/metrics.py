"""What the operator counts about itself, under controller-runtime's names, so that stock dashboards work."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.registry import Collector

CONTROLLER = "diarizationservice"
BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Metrics:
    """One registry per process; a test makes its own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._reconciles()
        self._queue()
        self._cluster()

    def _reconciles(self) -> None:
        self.reconciles = self._counter(
            "controller_runtime_reconcile_total",
            "Reconciles, by result: success, requeue_after (looks again by itself) or error.",
            "controller", "result",
        )  # fmt: skip
        self.errors = self._counter(
            "controller_runtime_reconcile_errors_total", "Reconciles that ended in an error.", "controller"
        )
        self.panics = self._counter(
            "controller_runtime_reconcile_panics_total", "Errors that are faults of the operator.", "controller"
        )
        self.seconds = self._histogram(
            "controller_runtime_reconcile_time_seconds", "How long a reconcile took.", "controller"
        )
        self.active = self._gauge(
            "controller_runtime_active_workers", "Workers that are at work on a service.", "controller"
        )
        self.workers = self._gauge(
            "controller_runtime_max_concurrent_reconciles", "Workers that there are.", "controller"
        )

    def _queue(self) -> None:
        self.depth = self._gauge("workqueue_depth", "DiarizationServices that wait to be looked at.", "name")
        self.adds = self._counter("workqueue_adds_total", "Events that put a service on the queue.", "name")
        self.retries = self._counter("workqueue_retries_total", "Looks that have to be tried again.", "name")
        self.waits = self._histogram(
            "workqueue_queue_duration_seconds", "How long a service was due before a worker took it.", "name"
        )
        self.work = self._histogram("workqueue_work_duration_seconds", "How long a worker took for a service.", "name")
        self.unfinished = self._gauge(
            "workqueue_unfinished_work_seconds", "For how long all looks together now run.", "name"
        )
        self.longest = self._gauge(
            "workqueue_longest_running_processor_seconds", "For how long the slowest look now runs.", "name"
        )

    def _cluster(self) -> None:
        self.requests = self._counter(
            "rest_client_requests_total", "Requests to the API server, by status.", "code", "method", "host"
        )
        self.writes = self._counter(
            "sd_operator_writes_total",
            "Writes sent to the API server, the Lease's renewals left out; none are sent while nothing changes.",
            "verb", "kind",
        )  # fmt: skip
        self.leader_status = self._gauge("leader_election_master_status", "1 while this pod holds the Lease.", "name")
        self.watches = self._counter(
            "sd_operator_watch_starts_total", "How often the watches were started: at the start, and after an error."
        )

    def add(self, collector: Collector) -> None:
        """Metrics that are made when somebody asks for the page."""
        self._registry.register(collector)

    def render(self) -> bytes:
        """The metrics page."""
        return generate_latest(self._registry)

    def _counter(self, name: str, meaning: str, *labels: str) -> Counter:
        return Counter(name, meaning, labels, registry=self._registry)

    def _gauge(self, name: str, meaning: str, *labels: str) -> Gauge:
        return Gauge(name, meaning, labels, registry=self._registry)

    def _histogram(self, name: str, meaning: str, *labels: str) -> Histogram:
        return Histogram(name, meaning, labels, buckets=BUCKETS_S, registry=self._registry)
