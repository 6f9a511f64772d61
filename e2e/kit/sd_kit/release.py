"""The operator's chart and a DiarizationService on the kit's cluster, as a user would put them there."""

import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from sd_kit import commands, gobuild, places
from sd_kit.errors import KitError

CHART = places.REPOSITORY / "charts" / "sd-triton"
RELEASE = NAMESPACE = "sd-triton"

Condition = dict[str, Any]


def kubectl(*words: str, purpose: str) -> str:
    """What `kubectl` says on the kit's cluster; raises KitError naming `purpose`."""
    return commands.output(
        [gobuild.binary("kubectl"), *words], purpose=purpose, env={"KUBECONFIG": str(places.kubeconfig())}
    )


def install(images: dict[str, str], *, log_level: str = "INFO") -> None:
    """Install or upgrade the operator with `images` (references by name: server, operator) and wait until it runs."""
    values = {
        "operator.logLevel": log_level,
        "images.operator": images["operator"],
        "images.server": images["server"],
        # The PyPI build of Triton in our own image: for trying and testing, and there without a 10 GB download.
        "images.triton": os.environ.get("TRITON_IMAGE") or images["server"],
    }
    if _interrupted():
        _helm("uninstall", RELEASE, "--wait", purpose="remove what an interrupted installation left")
    _helm(
        *("upgrade", "--install", RELEASE, str(CHART), "--create-namespace", "--wait", "--timeout", "3m"),
        *(f"--set-string={name}={value}" for name, value in values.items()),
        purpose="install the chart",
    )


def _interrupted() -> bool:
    """Whether an earlier helm was ended in the middle: it then refuses to do anything more with the release."""
    releases = json.loads(_helm("list", "--pending", "--output", "json", purpose="list the releases"))
    return any(release["name"] == RELEASE for release in releases)


def _helm(*words: str, purpose: str) -> str:
    argv = [gobuild.binary("helm"), *words, "--namespace", NAMESPACE]
    return commands.output(argv, purpose=purpose, env={"KUBECONFIG": str(places.kubeconfig())})


def apply(manifest: Path, namespace: str = "default") -> None:
    """`kubectl apply` a file."""
    kubectl("apply", "--namespace", namespace, "-f", str(manifest), purpose=f"apply {manifest.name}")


def service(name: str, namespace: str = "default") -> dict[str, Any]:
    """A DiarizationService as the API server has it."""
    return json.loads(kubectl("get", "diar", name, "-n", namespace, "-o", "json", purpose=f"read the service {name}"))


def condition_changes(
    name: str,
    namespace: str = "default",
    *,
    image: str = "",
    timeout_s: float,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[tuple[float, Condition]]:
    """Each condition that is new or says something new, with the seconds since the start; ends when Ready is True.

    With `image`, what is ready must run that server image: a new operator takes a moment to hand it on.

    Raises:
        KitError: the service was not ready in time; the text is what its Ready condition says.
    """
    began = clock()
    known: dict[str, Condition] = {}
    while not (_is_ready(seen := service(name, namespace)) and _runs(name, namespace, image)):
        yield from _new(seen, known, clock() - began)
        if clock() - began > timeout_s:
            why = known.get("Ready", {}).get("message", "it has no Ready condition; look at the operator's log")
            raise KitError(f"The service {name} was not ready after {timeout_s:.0f} s: {why}")
        time.sleep(1)
    yield from _new(seen, known, clock() - began)


def wait_ready(name: str, namespace: str = "default", *, image: str = "", timeout_s: float = 300) -> None:
    """Wait until the service's newest spec is ready."""
    for _ in condition_changes(name, namespace, image=image, timeout_s=timeout_s):
        pass


def _runs(name: str, namespace: str, image: str) -> bool:
    """Whether the service's pods are to run that image."""
    if not image:
        return True
    query = "jsonpath={.spec.template.spec.initContainers[0].image}"
    words = ("get", "deployment", name, "-n", namespace, "-o", query)
    return kubectl(*words, purpose=f"read the Deployment {name}") == image


def _is_ready(seen: dict[str, Any]) -> bool:
    status = seen.get("status", {})
    current = status.get("observedGeneration") == seen["metadata"]["generation"]
    return current and any(c["type"] == "Ready" and c["status"] == "True" for c in status.get("conditions", []))


def _new(seen: dict[str, Any], known: dict[str, Condition], after_s: float) -> Iterator[tuple[float, Condition]]:
    for condition in seen.get("status", {}).get("conditions", []):
        before = known.get(condition["type"], {})
        if any(before.get(field) != condition[field] for field in ("status", "reason", "message")):
            known[condition["type"]] = condition
            yield after_s, condition
