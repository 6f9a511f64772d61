"""The status of a service, made of what was seen. Pure: the time is passed in."""

from datetime import datetime

from sd_operator.api.service import DiarizationService
from sd_operator.api.status import LONGEST_MESSAGE
from sd_operator.children.metadata import selector
from sd_operator.reconcile.observe import Observation
from sd_operator.reconcile.readiness import Verdict, verdicts
from sd_operator.reconcile.rollout import Rollout
from sd_operator.vocabulary import DEPLOYMENTS, GRPC_PORT, HTTP_PORT, METRICS_PORT, Manifest


def status(service: DiarizationService | None, seen: Observation, now: datetime) -> Manifest:
    """What is written into the resource; `service` is None where its spec cannot be read."""
    rollout = Rollout.of(seen.child(DEPLOYMENTS.kind))
    return {
        "observedGeneration": seen.generation,
        "conditions": conditions(seen, now),
        "replicas": rollout.existing,
        "readyReplicas": rollout.ready,
        **({} if service is None else _addresses(service)),
    }


def _addresses(service: DiarizationService) -> Manifest:
    host = f"{service.name}.{service.namespace}.svc"
    return {
        "selector": ",".join(f"{name}={value}" for name, value in selector(service).items()),
        "endpoints": {
            "http": f"http://{host}:{HTTP_PORT}",
            "grpc": f"{host}:{GRPC_PORT}",
            "metrics": f"http://{host}:{METRICS_PORT}/metrics",
        },
        "model": {"source": service.spec.model.source.describe(), "mode": service.spec.model.mode},
    }


def conditions(seen: Observation, now: datetime) -> list[Manifest]:
    """Every condition, with the time at which its status last changed."""
    before = {each["type"]: each for each in seen.resource.get("status", {}).get("conditions", [])}
    return [_condition(verdict, before.get(verdict.type, {}), seen.generation, now) for verdict in verdicts(seen)]


def _condition(verdict: Verdict, before: Manifest, generation: int, now: datetime) -> Manifest:
    text = str(verdict.status)
    unchanged = before.get("status") == text
    return {
        "type": verdict.type,
        "status": text,
        "reason": verdict.reason,
        "message": verdict.message[:LONGEST_MESSAGE],
        "observedGeneration": generation,
        "lastTransitionTime": before["lastTransitionTime"] if unchanged else now.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
