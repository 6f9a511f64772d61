"""The condition Autoscaling: whether what was asked to scale the service can."""

from sd_operator.api.service import DiarizationService
from sd_operator.kube.conditions import conditions_of
from sd_operator.reconcile.conditions.readiness import Verdict
from sd_operator.reconcile.observe import Observation
from sd_operator.resources import HORIZONTAL_POD_AUTOSCALERS, SCALED_OBJECTS, Manifest


def verdicts(service: DiarizationService | None, seen: Observation) -> list[Verdict]:
    """One condition where something scales; none where people do, or where the spec cannot be read."""
    if service is None:
        return []
    mode = service.spec.autoscaling.mode
    if mode in ("hpa", "keda") and service.spec.replicas == 0:
        sentence = "replicas is 0: a paused service has no autoscaler, which would wake it."
        return [Verdict("Autoscaling", status=False, reason="Paused", message=sentence)]
    match mode:
        case "none":
            return []
        case "external":
            sentence = "Something outside of the operator sets replicas through the scale subresource."
            return [Verdict("Autoscaling", status=True, reason="External", message=sentence)]
        case "hpa":
            return [_of_live(seen.child(HORIZONTAL_POD_AUTOSCALERS.kind), "ScalingActive")]
        case "keda":
            return [_of_keda(seen)]


def _of_keda(seen: Observation) -> Verdict:
    if SCALED_OBJECTS.kind in seen.forbidden:
        sentence = (
            "autoscaling.mode is keda, and the operator has no rights to ScaledObjects (keda.sh); "
            "upgrade its release so that they are those of the chart, or choose another mode."
        )
        return Verdict("Autoscaling", status=False, reason="KedaForbidden", message=sentence)
    if SCALED_OBJECTS.kind in seen.missing:
        sentence = "autoscaling.mode is keda, and this cluster has no KEDA; install it, or choose another mode."
        return Verdict("Autoscaling", status=False, reason="KedaMissing", message=sentence)
    return _of_live(seen.child(SCALED_OBJECTS.kind), "Ready")


def _of_live(autoscaler: Manifest | None, condition: str) -> Verdict:
    """What the autoscaler says of itself."""
    found = conditions_of(autoscaler or {}).get(condition)
    if found is None or found["status"] == "Unknown":
        return Verdict("Autoscaling", status=None, reason="Waiting", message="The autoscaler has not reported yet.")
    active = found["status"] == "True"
    reason = "Scaling" if active else found.get("reason") or "NotScaling"
    return Verdict("Autoscaling", status=active, reason=reason, message=found.get("message", ""))
