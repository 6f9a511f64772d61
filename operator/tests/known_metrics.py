"""The metrics that alerts, dashboard and autoscalers can query, with their labels, and a parser for selectors."""

import re
from itertools import chain

from sd_engine.metrics import KINDS, Metrics

Labels = set[str]

TARGET_LABELS = {"namespace", "service", "pod", "container"}
"""Labels that the PodMonitor adds to every series of a pod."""

TRITON: dict[str, Labels] = {
    "nv_inference_pending_request_count": {"model", "version"},
    "nv_inference_request_failure": {"model", "version", "reason"},
}
KUBE_STATE: dict[str, Labels] = {
    "kube_deployment_spec_replicas": {"namespace", "deployment"},
    "kube_deployment_status_replicas_ready": {"namespace", "deployment"},
    "kube_horizontalpodautoscaler_status_condition": {"namespace", "horizontalpodautoscaler", "condition", "status"},
}

_SELECTOR = re.compile(r"\b([a-zA-Z_:][\w:]*)\{([^}]*)\}")
_MATCHER = re.compile(r'(\w+)(?:=~|!~|!=|=)"[^"]*"')
_GROUPING = re.compile(r"\b(?:by|on|ignoring|group_left) \(([^)]*)\)")
_NAME = re.compile(r"\b(?:sd|nv|kube|process)_\w+")


class FakeGpu:
    """A GPU with constant NVML readings."""

    def memory_used_bytes(self) -> float:
        return 3e9

    def memory_total_bytes(self) -> float:
        return 24e9

    def utilisation(self) -> float:
        return 0.75


def known() -> dict[str, Labels]:
    """Return the labels of every metric as Prometheus stores it."""
    pods = engine() | TRITON
    return {name: labels | TARGET_LABELS for name, labels in pods.items()} | KUBE_STATE


def engine() -> dict[str, Labels]:
    """Return the labels of the metrics of an engine with a GPU and a loaded model, read from its registry."""
    metrics = Metrics()
    metrics.add_request_gauges(in_flight=float, audio_s=float, size_bytes=float, adapters_connected=float)
    metrics.add_backlog_gauges(waiting=float, backlog_s=float)
    metrics.add_device_metrics(dict.fromkeys(KINDS, 4))
    metrics.add_gpu_metrics(FakeGpu())
    metrics.model.info(dict.fromkeys(("pipeline", "revision", "device", "mode"), "x"))
    samples = chain.from_iterable(family.samples for family in metrics.registry.collect())
    return {sample.name: set(sample.labels) for sample in samples}


def selectors(expr: str) -> list[tuple[str, Labels]]:
    """Return the metric and the matched labels of each selector of a query."""
    return [(name, set(_MATCHER.findall(matchers))) for name, matchers in _SELECTOR.findall(expr)]


def unknown(expr: str) -> list[str]:
    """Return the unknown metrics, unknown labels and metrics without a selector of a query."""
    metrics, names = known(), [name for name, _ in selectors(expr)]
    without_selector = set(_NAME.findall(_SELECTOR.sub("", expr)))
    labels = [f"{name}: {label}" for name, matched in selectors(expr) for label in matched - metrics.get(name, set())]
    grouped = {label.strip() for group in _GROUPING.findall(expr) for label in group.split(",")} - {""}
    available = set().union(*(metrics.get(name, set()) for name in names))
    return sorted(
        [*without_selector, *(name for name in names if name not in metrics), *labels, *(grouped - available)]
    )
