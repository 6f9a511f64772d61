"""Asks the cluster questions through its own kubeconfig."""

import json
import time
from typing import Any

from sd_kit import commands, gobuild, places
from sd_kit.errors import KitError

POLL_S = 0.5


def serves() -> bool:
    """Whether the API server answers and says that it is ready."""
    return places.kubeconfig().exists() and commands.succeeds(_argv("get", "--raw", "/readyz"))


def lagging() -> list[str]:
    """What is not as it should be yet: the node, or system pods that are not ready, by name."""
    items = _items("nodes") + _items("pods", "--namespace", "kube-system")
    return [item["metadata"]["name"] for item in items if not _is_ready(item)]


def is_healthy() -> bool:
    """Whether the cluster answers, and its node and all of its system pods are ready."""
    try:
        return places.kubeconfig().exists() and lagging() == []
    except KitError:
        return False  # an API server that is still starting answers late or not at all


def becomes_healthy(*, within_s: float) -> bool:
    """Wait until the cluster is healthy, at most `within_s`."""
    deadline = time.monotonic() + within_s
    while not is_healthy():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_S)
    return True


def overview() -> str:
    """Nodes and pods as kubectl shows them."""
    argv = _argv("get", "nodes,pods", "--all-namespaces", "--output", "wide")
    return commands.output(argv, purpose="list the cluster's nodes and pods")


def _items(kind: str, *options: str) -> list[dict[str, Any]]:
    argv = _argv("get", kind, "--output", "json", *options)
    return json.loads(commands.output(argv, purpose=f"list the cluster's {kind}"))["items"]


def _is_ready(item: dict[str, Any]) -> bool:
    conditions = item["status"].get("conditions", [])
    return any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions)


def _argv(*arguments: str) -> list[str]:
    return [
        str(gobuild.binary("kubectl")),
        f"--kubeconfig={places.kubeconfig()}",
        "--request-timeout=5s",
        *arguments,
    ]
