"""The status of a service, computed from an observation. Pure."""

from collections.abc import Iterable
from datetime import datetime

from sd_operator.api.service import DiarizationService
from sd_operator.api.status import MAX_MESSAGE_LENGTH
from sd_operator.children.metadata import selector
from sd_operator.kube.conditions import conditions_of
from sd_operator.reconcile.conditions import autoscaling, degradation, model
from sd_operator.reconcile.conditions.condition_update import ConditionUpdate
from sd_operator.reconcile.conditions.readiness import UNDER_WAY, obstacle, serving_conditions
from sd_operator.reconcile.conditions.rollout import Rollout
from sd_operator.reconcile.finding import Finding
from sd_operator.reconcile.observation import Observation
from sd_operator.resources import DEPLOYMENTS, GRPC_PORT, HTTP_PORT, METRICS_PORT, Manifest

CONDITION_TYPES = ("Ready", "ModelAccess", "ModelCached", "Available", "Progressing", "Degraded", "Autoscaling")
"""All conditions that the operator writes."""
STATUS_TEXTS: dict[bool | None, str] = {True: "True", False: "False", None: "Unknown"}


def status(observation: Observation) -> Manifest:
    """Return the status to write."""
    rollout, found = Rollout.of(observation.child(DEPLOYMENTS.kind)), obstacle(observation)
    updates = [
        *serving_conditions(observation, found),
        *model.conditions(observation),
        degradation.condition(observation, found),
        *autoscaling.conditions(observation),
    ]
    return {
        "observedGeneration": observation.generation,
        "conditions": conditions(updates, observation),
        "replicas": rollout.existing,
        "readyReplicas": rollout.ready,
        **_last_failure(found, observation),
        **(
            _preserved(observation)
            if observation.service is None
            else _endpoints(observation.service) | _model(observation.service, observation)
        ),
    }


def _endpoints(service: DiarizationService) -> Manifest:
    host = f"{service.name}.{service.namespace}.svc"
    grpc = {"grpc": f"{host}:{GRPC_PORT}"} if service.spec.network.service.grpc else {}
    return {
        "selector": ",".join(f"{name}={value}" for name, value in selector(service).items()),
        "endpoints": {
            "http": f"http://{host}:{HTTP_PORT}",
            **grpc,
            "metrics": f"http://{host}:{METRICS_PORT}/metrics",
        },
    }


def _model(service: DiarizationService, observation: Observation) -> Manifest:
    """Return the pinned model and the models that it has replaced."""
    served = service.served
    pinned = served and served.model_dump(by_alias=True, exclude_none=True) | {"mode": service.spec.model.mode}
    outdated = [
        each.model_dump(by_alias=True) for each in (observation.desired.model.outdated if observation.desired else ())
    ]
    return {**({"model": pinned} if pinned else {}), **({"outdatedModels": outdated} if outdated else {})}


def _preserved(observation: Observation) -> Manifest:
    """Return the model of the last valid spec: its pods still serve it."""
    before = observation.resource.get("status", {})
    return {name: before[name] for name in ("model", "outdatedModels") if name in before}


def _last_failure(found: Finding | None, observation: Observation) -> Manifest:
    """Return the last failure and the time when it began; it is kept after the service has recovered."""
    before = observation.resource.get("status", {}).get("lastFailure")
    if found is None or found.reason in UNDER_WAY:
        return {"lastFailure": before} if before else {}
    last_reason = conditions_of(observation.resource).get("Ready", {}).get("reason", "")
    continues = before and before["reason"] == found.reason == last_reason
    since = before["time"] if continues else _timestamp(observation.now)
    return {"lastFailure": {"reason": found.reason, "message": found.message[:MAX_MESSAGE_LENGTH], "time": since}}


def conditions(updates: Iterable[ConditionUpdate], observation: Observation) -> list[Manifest]:
    """Return every condition with the time of its last transition."""
    before = conditions_of(observation.resource)
    return [_condition(update, before.get(update.type, {}), observation) for update in updates]


def _condition(update: ConditionUpdate, before: Manifest, observation: Observation) -> Manifest:
    text = STATUS_TEXTS[update.status]
    is_unchanged = before.get("status") == text
    return {
        "type": update.type,
        "status": text,
        "reason": update.reason,
        "message": update.message[:MAX_MESSAGE_LENGTH],
        "observedGeneration": observation.generation,
        "lastTransitionTime": before["lastTransitionTime"] if is_unchanged else _timestamp(observation.now),
    }


def _timestamp(now: datetime) -> str:
    return now.strftime("%Y-%m-%dT%H:%M:%SZ")
