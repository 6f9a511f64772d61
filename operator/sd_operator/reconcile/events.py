"""The Events of a service: one for each change of a condition that a person would want to read about. Pure."""

import hashlib
from collections.abc import Iterator
from datetime import datetime

from sd_operator.kube.conditions import conditions_of
from sd_operator.reconcile.conditions.readiness import UNDER_WAY
from sd_operator.resources import FIELD_MANAGER, Manifest

LONGEST_MESSAGE = 1024
"""What the API server takes."""
TOLD = ("Ready", "ModelCached", "Degraded", "Autoscaling")
"""Conditions whose changes are told; the others only say the same in other words."""


def events(resource: Manifest, latest: Manifest, now: datetime) -> list[Manifest]:
    """Events for what differs between the status that the resource has and the latest one.

    Each has a name that follows from what it tells: an operator that was killed before it wrote the status does not
    tell it twice.
    """
    before = conditions_of(resource)
    told: dict[tuple[str, str], Manifest] = {}
    for condition in _worth_telling(latest["conditions"], before):
        told.setdefault((condition["reason"], condition["message"]), condition)
    return [_event(resource, condition, before.get(condition["type"], {}), now) for condition in told.values()]


def _worth_telling(conditions: list[Manifest], before: dict[str, Manifest]) -> Iterator[Manifest]:
    for condition in conditions:
        known = before.get(condition["type"])
        if condition["type"] not in TOLD or condition["reason"] in UNDER_WAY or condition["status"] == "Unknown":
            continue
        if known is None and _is_good(condition) and condition["type"] != "Ready":
            continue  # that nothing is wrong with a new service is no news
        if known is None or (known["status"], known["reason"]) != (condition["status"], condition["reason"]):
            yield condition


def _is_good(condition: Manifest) -> bool:
    return condition["status"] == ("False" if condition["type"] == "Degraded" else "True")


def _event(resource: Manifest, condition: Manifest, before: Manifest, now: datetime) -> Manifest:
    metadata, time = resource["metadata"], now.strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": _name(resource, condition, before), "namespace": metadata["namespace"]},
        "involvedObject": {
            "apiVersion": resource["apiVersion"],
            "kind": resource["kind"],
            **{field: metadata[field] for field in ("name", "namespace", "uid")},
        },
        "type": "Normal" if _is_good(condition) else "Warning",
        "reason": condition["reason"],
        "message": condition["message"][:LONGEST_MESSAGE],
        "source": {"component": FIELD_MANAGER},
        "reportingComponent": FIELD_MANAGER,
        "firstTimestamp": time,
        "lastTimestamp": time,
        "count": 1,
    }


def _name(resource: Manifest, condition: Manifest, before: Manifest) -> str:
    metadata = resource["metadata"]
    told = [metadata["uid"], metadata.get("generation", 0), condition["type"], condition["status"], condition["reason"]]
    since = [before.get("reason", ""), before.get("lastTransitionTime", "")]
    digest = hashlib.sha256(repr(told + since).encode()).hexdigest()[:16]
    return f"{metadata['name']}.{digest}"
