"""The health of the cluster's API server, node and system pods."""

import json
import time
from typing import Any

from sd_kit import paths, subprocesses
from sd_kit.cluster import kubectl
from sd_kit.errors import KitError

POLL_INTERVAL_S = 0.5


def is_api_server_ready() -> bool:
    """Return True if the API server answers and reports itself ready."""
    return paths.kubeconfig().exists() and subprocesses.succeeds(_argv("get", "--raw", "/readyz"))


def not_ready() -> list[str]:
    """Return the names of the node and of the system pods that are not Ready."""
    items = _items("nodes") + _items("pods", "--namespace", "kube-system")
    return [item["metadata"]["name"] for item in items if not _is_ready(item)]


def is_healthy() -> bool:
    """Return True if the API server answers and the node and all system pods are Ready."""
    try:
        return paths.kubeconfig().exists() and not_ready() == []
    except KitError:
        return False  # a starting API server answers late or not at all


def wait_until_healthy(*, timeout_s: float) -> bool:
    """Wait until the cluster is healthy; return False on timeout."""
    deadline_s = time.monotonic() + timeout_s
    while not is_healthy():
        if time.monotonic() > deadline_s:
            return False
        time.sleep(POLL_INTERVAL_S)
    return True


def overview() -> str:
    """Return kubectl's table of nodes and pods."""
    argv = _argv("get", "nodes,pods", "--all-namespaces", "--output", "wide")
    return subprocesses.output(argv, purpose="list the cluster's nodes and pods")


def _items(kind: str, *options: str) -> list[dict[str, Any]]:
    argv = _argv("get", kind, "--output", "json", *options)
    return json.loads(subprocesses.output(argv, purpose=f"list the cluster's {kind}"))["items"]


def _is_ready(item: dict[str, Any]) -> bool:
    conditions = item["status"].get("conditions", [])
    return any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions)


def _argv(*arguments: str) -> list[str]:
    return [str(kubectl.program()), f"--kubeconfig={paths.kubeconfig()}", "--request-timeout=5s", *arguments]
