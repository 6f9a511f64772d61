"""A DiarizationService in the cluster: apply its manifest, wait until it is ready."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from sd_kit.cluster import kubectl
from sd_kit.errors import KitError

POLL_INTERVAL_S = 1.0

Condition = dict[str, Any]


def apply(manifest: Path, namespace: str = "default") -> None:
    """Apply a manifest file."""
    kubectl.run("apply", "--namespace", namespace, "-f", str(manifest), purpose=f"apply {manifest.name}")


def read(name: str, namespace: str = "default") -> dict[str, Any]:
    """Return a DiarizationService as stored by the API server."""
    arguments = ("get", "diar", name, "-n", namespace, "-o", "json")
    return json.loads(kubectl.run(*arguments, purpose=f"read the service {name}"))


def wait_until_ready(name: str, namespace: str = "default", *, image: str = "", timeout_s: float = 300) -> None:
    """Wait until the service's latest spec is ready; see `condition_changes`."""
    for _ in condition_changes(name, namespace, image=image, timeout_s=timeout_s):
        pass


def condition_changes(
    name: str,
    namespace: str = "default",
    *,
    image: str = "",
    timeout_s: float,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[tuple[float, Condition]]:
    """Yield each new or changed condition with the seconds since the call, until the latest spec is ready.

    Args:
        name: Of the DiarizationService.
        namespace: Of the DiarizationService.
        image: If set, wait until the Deployment has this server image: a new operator updates it after its start.
        timeout_s: Maximum duration.
        clock: Source of monotonic seconds.

    Raises:
        KitError: the service was not ready in time; the message quotes its Ready condition.
    """
    started_s = clock()
    reported: dict[str, Condition] = {}
    while not (_is_ready(service := read(name, namespace)) and _has_image(name, namespace, image)):
        yield from _changes(service, reported, clock() - started_s)
        if clock() - started_s > timeout_s:
            no_condition = "it has no Ready condition; read the operator's log"
            message = reported.get("Ready", {}).get("message", no_condition)
            raise KitError(f"The service {name} was not ready after {timeout_s:.0f} s: {message}")
        time.sleep(POLL_INTERVAL_S)
    yield from _changes(service, reported, clock() - started_s)


def _has_image(name: str, namespace: str, image: str) -> bool:
    if not image:
        return True
    query = "jsonpath={.spec.template.spec.initContainers[0].image}"
    arguments = ("get", "deployment", name, "-n", namespace, "-o", query)
    return kubectl.run(*arguments, purpose=f"read the Deployment {name}") == image


def _is_ready(service: dict[str, Any]) -> bool:
    status = service.get("status", {})
    is_current = status.get("observedGeneration") == service["metadata"]["generation"]
    return is_current and any(c["type"] == "Ready" and c["status"] == "True" for c in status.get("conditions", []))


def _changes(
    service: dict[str, Any], reported: dict[str, Condition], after_s: float
) -> Iterator[tuple[float, Condition]]:
    """Yield the conditions that differ from those in `reported`, and record them there."""
    for condition in service.get("status", {}).get("conditions", []):
        before = reported.get(condition["type"], {})
        if any(before.get(field) != condition[field] for field in ("status", "reason", "message")):
            reported[condition["type"]] = condition
            yield after_s, condition
