"""The condition Autoscaling."""

from sd_operator.api.reason import Reason
from sd_operator.kube.conditions import conditions_of
from sd_operator.reconcile.conditions.condition_update import ConditionUpdate
from sd_operator.reconcile.desired_state import DesiredState
from sd_operator.reconcile.observation import Observation
from sd_operator.resources import HORIZONTAL_POD_AUTOSCALERS, SCALED_OBJECTS, Manifest


def conditions(observation: Observation) -> list[ConditionUpdate]:
    """Return the condition; none if people set the replicas, or if the spec is invalid."""
    if observation.desired is None:
        return []
    spec = observation.desired.service.spec
    mode = spec.autoscaling.mode
    if mode in ("hpa", "keda") and spec.replicas == 0:
        message = "replicas is 0: a paused service has no autoscaler, because an autoscaler would start pods."
        return [_autoscaling(Reason.PAUSED, message, status=False)]
    match mode:
        case "none":
            return []
        case "external":
            message = "A component other than the operator sets replicas through the scale subresource."
            return [_autoscaling(Reason.EXTERNAL, message, status=True)]
        case "hpa":
            return [_of_autoscaler(observation.child(HORIZONTAL_POD_AUTOSCALERS.kind), "ScalingActive")]
        case "keda":
            return [_of_keda(observation, observation.desired)]


def _of_keda(observation: Observation, desired: DesiredState) -> ConditionUpdate:
    if SCALED_OBJECTS.kind in desired.forbidden_kinds:
        message = (
            "autoscaling.mode is keda and the operator has no permission for ScaledObjects (keda.sh). Upgrade the "
            "operator's release to install the permissions of its chart, or set another mode."
        )
        return _autoscaling(Reason.KEDA_FORBIDDEN, message, status=False)
    if SCALED_OBJECTS.kind in desired.missing_kinds:
        message = "autoscaling.mode is keda and the cluster lacks KEDA. Install KEDA, or set another mode."
        return _autoscaling(Reason.KEDA_MISSING, message, status=False)
    return _of_autoscaler(observation.child(SCALED_OBJECTS.kind), "Ready")


def _of_autoscaler(autoscaler: Manifest | None, condition: str) -> ConditionUpdate:
    """Return the condition that the autoscaler reports about itself."""
    found = conditions_of(autoscaler or {}).get(condition)
    if found is None or found["status"] == "Unknown":
        return _autoscaling(Reason.WAITING, "The autoscaler has not reported yet.", status=None)
    is_active = found["status"] == "True"
    reason = Reason.SCALING if is_active else found.get("reason") or Reason.NOT_SCALING
    return _autoscaling(reason, found.get("message", ""), status=is_active)


def _autoscaling(reason: str, message: str, *, status: bool | None) -> ConditionUpdate:
    return ConditionUpdate("Autoscaling", status, reason, message)
