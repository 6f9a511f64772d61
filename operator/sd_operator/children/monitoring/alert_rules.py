"""The alerts, each as a function of the service; docs/runbooks has a page for each."""

from collections.abc import Callable
from typing import Literal, NamedTuple

from sd_operator.api.service import DiarizationService
from sd_operator.children.autoscaling import scaling_policy
from sd_operator.children.monitoring.promql import (
    ServiceSeries,
    backlog_per_pod,
    failure_ratio,
    pod_count,
    selector,
)
from sd_operator.resources import Manifest

LOADED_MATCHER = 'pipeline!=""'
"""The engine serves sd_model_info without labels until the model is loaded."""


class Alert(NamedTuple):
    """An alert that fires when `expr` has had a result for the duration `pending_for`."""

    name: str
    severity: Literal["critical", "warning"]
    """critical: callers get no response. warning: callers wait, or will get no response soon."""
    pending_for: str
    expr: str
    summary: str
    description: str

    def rule(self, service: DiarizationService, runbooks_url: str) -> Manifest:
        """Return the alerting rule; its labels name the service."""
        return {
            "alert": self.name,
            "expr": self.expr,
            "for": self.pending_for,
            "labels": {"severity": self.severity, "namespace": service.namespace, "service": service.name},
            "annotations": {
                "summary": self.summary,
                "description": self.description,
                "runbook_url": f"{runbooks_url}/{self.name.lower()}.md",
            },
        }


def down(service: DiarizationService) -> Alert:
    """Alert if no pod can process requests, also without any metrics, because the state is then unknown."""
    series = _series(service)
    able = f"{series.select('sd_adapters_connected')} > 0 and on (pod) {series.select('sd_model_info', LOADED_MATCHER)}"
    return Alert(
        name="DiarizationDown",
        severity="critical",
        pending_for="5m",
        expr=f"(count({able}) or vector(0)) == 0",
        summary=f"{_name(service)} cannot process requests.",
        description="For five minutes no pod has had a loaded model and a connected Triton, "
        "or Prometheus cannot scrape the pods.",
    )


def backlog(service: DiarizationService) -> Alert:
    """Alert if requests wait for other requests: a single long recording per pod delays no other request."""
    series, threshold_s = _series(service), 3 * scaling_policy.target_wait_s(service)
    requests = f"sum({series.select('sd_requests_in_flight')}) + sum({series.select('sd_requests_waiting')})"
    return Alert(
        name="DiarizationBacklog",
        severity="warning",
        pending_for="15m",
        expr=f"{backlog_per_pod(series)} > {threshold_s} and {requests} > {pod_count(series)}",
        summary=f"{_name(service)} receives more work than it can process.",
        description="For 15 minutes the average backlog of a pod has been more than three times targetWait, "
        "now {{ $value | humanizeDuration }}, with more requests than pods.",
    )


def rejections(service: DiarizationService) -> Alert:
    """Alert if the engine or Triton's queue responds with 503."""
    return Alert(
        name="DiarizationRejections",
        severity="warning",
        pending_for="5m",
        expr=failure_ratio(_series(service), 'outcome="unavailable"', 'reason="REJECTED"', above=0.05, at_least=5),
        summary=f"{_name(service)} rejects requests.",
        description="In ten minutes {{ $value | humanizePercentage }} of the requests got 503, "
        "because the queues are full or worker processes exited.",
    )


def errors(service: DiarizationService) -> Alert:
    """Alert if the engine or Triton responds with 500. An invalid recording gets 400 and does not count."""
    return Alert(
        name="DiarizationErrors",
        severity="critical",
        pending_for="5m",
        expr=failure_ratio(_series(service), 'outcome="internal"', 'reason=~"BACKEND|OTHER"', above=0.01, at_least=3),
        summary=f"{_name(service)} fails to process valid requests.",
        description="In ten minutes {{ $value | humanizePercentage }} of the requests got 500. "
        "The engine logs a line event=failed for each of its failures.",
    )


def engine_restarting(service: DiarizationService) -> Alert:
    """Alert if the kubelet restarts an engine repeatedly. New pods do not count."""
    started = _series(service).select("process_start_time_seconds")
    return Alert(
        name="DiarizationEngineRestarting",
        severity="warning",
        pending_for="1m",
        expr=f"max by (pod) (changes({started}[30m])) >= 2",
        summary=f"An engine of {_name(service)} restarts repeatedly.",
        description="The engine of pod {{ $labels.pod }} restarted {{ $value }} times in 30 minutes. "
        "At each restart its requests in flight got 503.",
    )


def at_maximum(service: DiarizationService) -> Alert | None:
    """Alert if the service needs more than maxReplicas. Only for autoscalers that the operator creates."""
    if service.spec.autoscaling.mode not in _HPA_NAME_PREFIX:
        return None
    series, max_replicas = _series(service), service.spec.autoscaling.max_replicas
    above_target = f"{backlog_per_pod(series)} > {scaling_policy.target_wait_s(service)}"
    return Alert(
        name="DiarizationAtMaximum",
        severity="warning",
        pending_for="15m",
        expr=f"{above_target} and {pod_count(series)} >= {max_replicas}",
        summary=f"{_name(service)} needs more replicas than maxReplicas.",
        description=f"For 15 minutes the service has had maxReplicas ({max_replicas}) pods, "
        "and their average backlog is {{ $value | humanizeDuration }}, which is more than targetWait.",
    )


def autoscaler_inactive(service: DiarizationService) -> Alert | None:
    """Alert if the HorizontalPodAutoscaler cannot read its metrics. Silent without kube-state-metrics."""
    if (prefix := _HPA_NAME_PREFIX.get(service.spec.autoscaling.mode)) is None:
        return None
    inactive = selector(
        "kube_horizontalpodautoscaler_status_condition",
        f'namespace="{service.namespace}"',
        f'horizontalpodautoscaler="{prefix}{service.name}"',
        'condition="ScalingActive"',
        'status="false"',
    )
    return Alert(
        name="DiarizationAutoscalerInactive",
        severity="warning",
        pending_for="15m",
        expr=f"max({inactive}) == 1",
        summary=f"The autoscaler of {_name(service)} is inactive.",
        description=f"For 15 minutes the HorizontalPodAutoscaler {prefix}{service.name} has not been able to read "
        "its metrics. The number of replicas does not change.",
    )


ALERTS: tuple[Callable[[DiarizationService], Alert | None], ...] = (
    down,
    errors,
    backlog,
    rejections,
    engine_restarting,
    at_maximum,
    autoscaler_inactive,
)

_HPA_NAME_PREFIX = {"hpa": "", "keda": "keda-hpa-"}
"""Prefix of the HorizontalPodAutoscaler's name, by autoscaling mode; KEDA creates its own."""


def alerts(service: DiarizationService) -> list[Alert]:
    """Return the alerts that apply to the service."""
    return [alert for build in ALERTS if (alert := build(service)) is not None]


def _series(service: DiarizationService) -> ServiceSeries:
    return ServiceSeries(service.namespace, service.name)


def _name(service: DiarizationService) -> str:
    return f"DiarizationService {service.namespace}/{service.name}"
