"""Which alerts there are about a service, each a function of its spec; a page of docs/runbooks belongs to each."""

from collections.abc import Callable

from sd_operator.api.service import DiarizationService
from sd_operator.children.autoscaling import scaling_policy
from sd_operator.children.monitoring.alert import Alert
from sd_operator.children.monitoring.alert_queries import owed_per_pod, pods, share
from sd_operator.children.monitoring.promql import Series, selected

Rule = Callable[[DiarizationService], Alert | None]

LOADED = 'pipeline!=""'
"""The engine shows sd_model_info without labels until the model is loaded."""


def down(service: DiarizationService) -> Alert:
    """Also when nothing is measured: a service that nobody can see is not known to work."""
    series = _series(service)
    able = f"{series('sd_adapters_connected')} > 0 and on (pod) {series('sd_model_info', LOADED)}"
    return Alert(
        name="DiarizationDown",
        severity="critical",
        lasting="5m",
        expr=f"(count({able}) or vector(0)) == 0",
        summary=f"{_name(service)} answers no requests.",
        description="For five minutes no pod has had both its model loaded and Triton connected to it, "
        "or Prometheus cannot read the pods' metrics.",
    )


def backlog(service: DiarizationService) -> Alert:
    """A pod that owes much to one long recording keeps nobody waiting: more requests than pods must be there."""
    series, wait_s = _series(service), 3 * scaling_policy.target_wait_s(service)
    asked = f"sum({series('sd_requests_in_flight')}) + sum({series('sd_requests_waiting')})"
    return Alert(
        name="DiarizationBacklog",
        severity="warning",
        lasting="15m",
        expr=f"{owed_per_pod(series)} > {wait_s} and {asked} > {pods(series)}",
        summary=f"{_name(service)} has more work than it gets done.",
        description="For 15 minutes each pod has owed more than three times targetWait on average, "
        "now {{ $value | humanizeDuration }}, and more requests are there than pods.",
    )


def rejections(service: DiarizationService) -> Alert:
    """503, from the engine or from Triton's own queue."""
    return Alert(
        name="DiarizationRejections",
        severity="warning",
        lasting="5m",
        expr=share(_series(service), 'outcome="unavailable"', 'reason="REJECTED"', above=0.05, at_least=5),
        summary=f"{_name(service)} turns requests away.",
        description="In ten minutes {{ $value | humanizePercentage }} of the requests got 503: "
        "its queues are full, or workers end while they hold a recording.",
    )


def errors(service: DiarizationService) -> Alert:
    """500, from the engine or from Triton: never the fault of a recording, for which there is 400."""
    return Alert(
        name="DiarizationErrors",
        severity="critical",
        lasting="5m",
        expr=share(_series(service), 'outcome="internal"', 'reason=~"BACKEND|OTHER"', above=0.01, at_least=3),
        summary=f"{_name(service)} fails on requests that it should answer.",
        description="In ten minutes {{ $value | humanizePercentage }} of the requests got 500. "
        "The engine's log has a line event=failed for each that failed there.",
    )


def engine_restarting(service: DiarizationService) -> Alert:
    """An engine is started again by the kubelet; a new pod is no restart."""
    started = _series(service)("process_start_time_seconds")
    return Alert(
        name="DiarizationEngineRestarting",
        severity="warning",
        lasting="1m",
        expr=f"max by (pod) (changes({started}[30m])) >= 2",
        summary=f"The engine of a pod of {_name(service)} keeps restarting.",
        description="The engine of the pod {{ $labels.pod }} was started again {{ $value }} times in 30 minutes; "
        "each time, what it had in flight got 503.",
    )


def at_maximum(service: DiarizationService) -> Alert | None:
    """Only where the operator's own autoscaler keeps to maxReplicas."""
    if service.spec.autoscaling.mode not in _AUTOSCALER:
        return None
    series, most = _series(service), service.spec.autoscaling.max_replicas
    return Alert(
        name="DiarizationAtMaximum",
        severity="warning",
        lasting="15m",
        expr=f"{owed_per_pod(series)} > {scaling_policy.target_wait_s(service)} and {pods(series)} >= {most}",
        summary=f"{_name(service)} needs more replicas than it may have.",
        description=f"For 15 minutes all of its maxReplicas ({most}) have been there, "
        "and each still owes {{ $value | humanizeDuration }} on average, which is more than targetWait.",
    )


def autoscaler_inactive(service: DiarizationService) -> Alert | None:
    """From kube-state-metrics; silent where there is none."""
    if (prefix := _AUTOSCALER.get(service.spec.autoscaling.mode)) is None:
        return None
    inactive = selected(
        "kube_horizontalpodautoscaler_status_condition",
        f'namespace="{service.namespace}"',
        f'horizontalpodautoscaler="{prefix}{service.name}"',
        'condition="ScalingActive"',
        'status="false"',
    )
    return Alert(
        name="DiarizationAutoscalerInactive",
        severity="warning",
        lasting="15m",
        expr=f"max({inactive}) == 1",
        summary=f"{_name(service)} is not scaled any more.",
        description=f"For 15 minutes the HorizontalPodAutoscaler {prefix}{service.name} has not been able to read "
        "its metrics: the number of replicas stays as it is, whatever the backlog.",
    )


RULES: tuple[Rule, ...] = (
    down,
    errors,
    backlog,
    rejections,
    engine_restarting,
    at_maximum,
    autoscaler_inactive,
)

_AUTOSCALER = {"hpa": "", "keda": "keda-hpa-"}
"""What the HorizontalPodAutoscaler's name begins with, by who makes it."""


def _series(service: DiarizationService) -> Series:
    return Series(service.namespace, service.name)


def _name(service: DiarizationService) -> str:
    return f"DiarizationService {service.namespace}/{service.name}"
