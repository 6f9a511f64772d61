"""The status of a service, made of what was seen. Pure: the time is passed in."""

from collections.abc import Iterable
from datetime import datetime

from sd_operator.api.service import DiarizationService
from sd_operator.api.status import LONGEST_MESSAGE
from sd_operator.children.metadata import selector
from sd_operator.conditions import conditions_of
from sd_operator.reconcile import autoscaling, degradation
from sd_operator.reconcile.cause import Cause
from sd_operator.reconcile.observe import Observation
from sd_operator.reconcile.readiness import UNDER_WAY, Verdict, obstacle, verdicts
from sd_operator.reconcile.rollout import Rollout
from sd_operator.vocabulary import DEPLOYMENTS, GRPC_PORT, HTTP_PORT, METRICS_PORT, Manifest

CONDITIONS = ("Ready", "Available", "Progressing", "Degraded", "Autoscaling")
"""The types of all conditions that the operator writes."""
WORDS: dict[bool | None, str] = {True: "True", False: "False", None: "Unknown"}


def status(service: DiarizationService | None, seen: Observation, now: datetime) -> Manifest:
    """What is written into the resource; `service` is None where its spec cannot be read."""
    rollout = Rollout.of(seen.child(DEPLOYMENTS.kind))
    found = obstacle(seen, rollout, now)
    told = [*verdicts(rollout, found), degradation.verdict(seen, found), *autoscaling.verdicts(service, seen)]
    return {
        "observedGeneration": seen.generation,
        "conditions": conditions(told, seen, now),
        "replicas": rollout.existing,
        "readyReplicas": rollout.ready,
        **last_failure(found, seen, now),
        **({} if service is None else _addresses(service)),
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
        "model": {"source": service.spec.model.source.describe(), "mode": service.spec.model.mode},
    }


def last_failure(cause: Cause | None, seen: Observation, now: datetime) -> Manifest:
    """The last thing that failed and when it began to; it stays to be read once the service has healed."""
    before = seen.resource.get("status", {}).get("lastFailure")
    if cause is None or cause.reason in UNDER_WAY:
        return {"lastFailure": before} if before else {}
    goes_on = before and before["reason"] == cause.reason == _reason_before(seen)
    since = before["time"] if goes_on else _written(now)
    return {"lastFailure": {"reason": cause.reason, "message": cause.message[:LONGEST_MESSAGE], "time": since}}


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
        "message": verdict.message[:LONGEST_MESSAGE],
        "observedGeneration": generation,
        "lastTransitionTime": before["lastTransitionTime"] if unchanged else _written(now),
    }


def _written(now: datetime) -> str:
    return now.strftime("%Y-%m-%dT%H:%M:%SZ")
