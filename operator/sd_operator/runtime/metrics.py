"""What the operator counts about itself, under controller-runtime's names, so that stock dashboards work."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

CONTROLLER = "diarizationservice"
BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Metrics:
    """One registry per process; a test makes its own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.reconciles = Counter(
            "controller_runtime_reconcile_total",
            "Reconciles, by result: success, requeue_after or error.",
            ["controller", "result"],
            registry=self._registry,
        )
        self.seconds = Histogram(
            "controller_runtime_reconcile_time_seconds",
            "How long a reconcile took.",
            ["controller"],
            buckets=BUCKETS_S,
            registry=self._registry,
        )
        self.writes = Counter(
            "sd_operator_writes_total",
            "Writes sent to the API server; none are sent while nothing changes.",
            ["verb", "kind"],
            registry=self._registry,
        )
        self.depth = Gauge(
            "workqueue_depth", "DiarizationServices that wait to be looked at.", ["name"], registry=self._registry
        )

    def render(self) -> bytes:
        """The metrics page."""
        return generate_latest(self._registry)
