"""The Events of a service: one for each transition of a condition that people want to know about. Pure."""

import hashlib
from collections.abc import Iterator
from datetime import datetime

from sd_operator.kube.conditions import conditions_of
from sd_operator.reconcile.conditions.readiness import UNDER_WAY
from sd_operator.resources import FIELD_MANAGER, Manifest

LONGEST_EVENT_MESSAGE = 1024
"""The limit of the API server."""
REPORTED_TYPES = ("Ready", "ModelCached", "Degraded", "Autoscaling")
"""Conditions whose transitions become Events; the others repeat the same facts."""


def events(resource: Manifest, latest: Manifest, now: datetime) -> list[Manifest]:
    """Return the Events for the differences between the resource's status and the latest one.

    The name of each is a function of its contents, so that an operator that is killed before it writes the status does
    not create it twice.
    """
    before = conditions_of(resource)
    reported: dict[str, Manifest] = {}
    for condition in _transitions(latest["conditions"], before):
        reported.setdefault(condition["reason"], condition)
    return [_event(resource, condition, before.get(condition["type"], {}), now) for condition in reported.values()]


def _transitions(conditions: list[Manifest], before: dict[str, Manifest]) -> Iterator[Manifest]:
    for condition in conditions:
        known, kind = before.get(condition["type"]), condition["type"]
        if kind not in REPORTED_TYPES or condition["reason"] in UNDER_WAY or condition["status"] == "Unknown":
            continue
        if known is None and _is_good(condition) and kind != "Ready":
            continue  # a new service without problems is the normal case
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
        "message": condition["message"][:LONGEST_EVENT_MESSAGE],
        "source": {"component": FIELD_MANAGER},
        "reportingComponent": FIELD_MANAGER,
        "firstTimestamp": time,
        "lastTimestamp": time,
        "count": 1,
    }


def _name(resource: Manifest, condition: Manifest, before: Manifest) -> str:
    metadata = resource["metadata"]
    contents = [metadata["uid"], metadata.get("generation", 0)]
    contents += [condition["type"], condition["status"], str(condition["reason"])]
    contents += [before.get("reason", ""), before.get("lastTransitionTime", "")]
    digest = hashlib.sha256(repr(contents).encode()).hexdigest()[:16]
    return f"{metadata['name']}.{digest}"
