"""The status of a service, made of what was seen. Pure: the time is passed in."""

from collections.abc import Iterable
from datetime import datetime

from sd_operator.api.service import DiarizationService
from sd_operator.api.status import MAX_MESSAGE_LENGTH
from sd_operator.children.metadata import selector
from sd_operator.kube.conditions import conditions_of
from sd_operator.reconcile.conditions import autoscaling, degradation, model
from sd_operator.reconcile.conditions.readiness import UNDER_WAY, Verdict, obstacle, verdicts
from sd_operator.reconcile.conditions.rollout import Rollout
from sd_operator.reconcile.observe import Observation
from sd_operator.reconcile.reason import Cause
from sd_operator.resources import DEPLOYMENTS, GRPC_PORT, HTTP_PORT, METRICS_PORT, Manifest

CONDITIONS = ("Ready", "ModelAccess", "ModelCached", "Available", "Progressing", "Degraded", "Autoscaling")
"""The types of all conditions that the operator writes."""
WORDS: dict[bool | None, str] = {True: "True", False: "False", None: "Unknown"}


def status(service: DiarizationService | None, seen: Observation, now: datetime) -> Manifest:
    """What is written into the resource; `service` is None where its spec cannot be read."""
    rollout = Rollout.of(seen.child(DEPLOYMENTS.kind))
    found = obstacle(seen, rollout, now)
    told = [
        *verdicts(seen, rollout, found),
        *model.verdicts(service, seen),
        degradation.verdict(seen, found),
        *autoscaling.verdicts(service, seen),
    ]
    return {
        "observedGeneration": seen.generation,
        "conditions": conditions(told, seen, now),
        "replicas": rollout.existing,
        "readyReplicas": rollout.ready,
        **last_failure(found, seen, now),
        **(_kept(seen) if service is None else _addresses(service) | _model(service, seen)),
    }


def is_reported(latest: Manifest, written: Manifest) -> bool:
    """Whether the resource's status says that already; conditions of others beside ours are theirs to keep."""
    ours = [each for each in written.get("conditions", []) if each["type"] in CONDITIONS]
    return latest == written | {"conditions": ours}


def _addresses(service: DiarizationService) -> Manifest:
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


def _model(service: DiarizationService, seen: Observation) -> Manifest:
    """The pin, and what it has displaced."""
    served = service.served
    pinned = served and served.model_dump(by_alias=True, exclude_none=True) | {"mode": service.spec.model.mode}
    outdated = [each.model_dump(by_alias=True) for each in seen.outdated]
    return {**({"model": pinned} if pinned else {}), **({"outdatedModels": outdated} if outdated else {})}


def _kept(seen: Observation) -> Manifest:
    """Of a spec that cannot be read, the pods serve on: what they serve stays pinned."""
    before = seen.resource.get("status", {})
    return {name: before[name] for name in ("model", "outdatedModels") if name in before}


def last_failure(cause: Cause | None, seen: Observation, now: datetime) -> Manifest:
    """The last thing that failed and when it began to; it stays to be read once the service has healed."""
    before = seen.resource.get("status", {}).get("lastFailure")
    if cause is None or cause.reason in UNDER_WAY:
        return {"lastFailure": before} if before else {}
    goes_on = before and before["reason"] == cause.reason == _reason_before(seen)
    since = before["time"] if goes_on else _written(now)
    return {"lastFailure": {"reason": cause.reason, "message": cause.message[:MAX_MESSAGE_LENGTH], "time": since}}


def _reason_before(seen: Observation) -> str:
    return conditions_of(seen.resource).get("Ready", {}).get("reason", "")


def conditions(told: Iterable[Verdict], seen: Observation, now: datetime) -> list[Manifest]:
    """Every condition, with the time at which its status last changed."""
    before = conditions_of(seen.resource)
    return [_condition(verdict, before.get(verdict.type, {}), seen.generation, now) for verdict in told]


def _condition(verdict: Verdict, before: Manifest, generation: int, now: datetime) -> Manifest:
    text = WORDS[verdict.status]
    unchanged = before.get("status") == text
    return {
        "type": verdict.type,
        "status": text,
        "reason": verdict.reason,
        "message": verdict.message[:MAX_MESSAGE_LENGTH],
        "observedGeneration": generation,
        "lastTransitionTime": before["lastTransitionTime"] if unchanged else _written(now),
    }


def _written(now: datetime) -> str:
    return now.strftime("%Y-%m-%dT%H:%M:%SZ")
