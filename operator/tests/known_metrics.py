"""The metrics that alerts, dashboard and autoscalers may ask for, each with its labels; and what a query asks for."""

import re
from itertools import chain

from sd_engine.metrics import KINDS, Metrics

Labels = set[str]

OF_A_TARGET = {"namespace", "service", "pod", "container"}
"""What the PodMonitor adds to every series of a pod."""

TRITON: dict[str, Labels] = {
    "nv_inference_pending_request_count": {"model", "version"},
    "nv_inference_request_failure": {"model", "version", "reason"},
}
KUBE_STATE: dict[str, Labels] = {
    "kube_deployment_spec_replicas": {"namespace", "deployment"},
    "kube_deployment_status_replicas_ready": {"namespace", "deployment"},
    "kube_horizontalpodautoscaler_status_condition": {"namespace", "horizontalpodautoscaler", "condition", "status"},
}

_ASKED = re.compile(r"\b([a-zA-Z_:][\w:]*)\{([^}]*)\}")
_MATCHER = re.compile(r'(\w+)(?:=~|!~|!=|=)"[^"]*"')
_GROUPING = re.compile(r"\b(?:by|on|ignoring|group_left) \(([^)]*)\)")
_NAME = re.compile(r"\b(?:sd|nv|kube|process)_\w+")


class FakeGpu:
    """A GPU as NVML would describe it."""

    def memory_used_bytes(self) -> float:
        return 3e9

    def memory_total_bytes(self) -> float:
        return 24e9

    def utilisation(self) -> float:
        return 0.75


def known() -> dict[str, Labels]:
    """Every metric that there is, with the labels that its series have in Prometheus."""
    pods = engine() | TRITON
    return {name: labels | OF_A_TARGET for name, labels in pods.items()} | KUBE_STATE


def engine() -> dict[str, Labels]:
    """What an engine serves that has a GPU and has loaded its model, read from its own registry."""
    metrics = Metrics()
    metrics.add_request_gauges(in_flight=float, audio_s=float, size_bytes=float, adapters_connected=float)
    metrics.add_backlog_gauges(waiting=float, backlog_s=float)
    metrics.add_device_metrics(dict.fromkeys(KINDS, 4))
    metrics.add_gpu_metrics(FakeGpu())
    metrics.model.info(dict.fromkeys(("pipeline", "revision", "device", "mode"), "x"))
    samples = chain.from_iterable(family.samples for family in metrics.registry.collect())
    return {sample.name: set(sample.labels) for sample in samples}


def asked(expr: str) -> list[tuple[str, Labels]]:
    """Each metric of a query with the labels that it is selected by."""
    return [(name, set(_MATCHER.findall(matchers))) for name, matchers in _ASKED.findall(expr)]


def unknown(expr: str) -> list[str]:
    """What in a query has no meaning: metrics that nobody serves, labels that they do not have."""
    there, names = known(), [name for name, _ in asked(expr)]
    unselected = set(_NAME.findall(_ASKED.sub("", expr)))
    odd = [f"{name}: {label}" for name, labels in asked(expr) for label in labels - there.get(name, set())]
    grouped = {label.strip() for group in _GROUPING.findall(expr) for label in group.split(",")} - {""}
    had = set().union(*(there.get(name, set()) for name in names))
    return sorted([*unselected, *(name for name in names if name not in there), *odd, *(grouped - had)])
