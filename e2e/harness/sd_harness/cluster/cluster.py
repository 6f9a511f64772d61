"""Objects of the cluster, read and changed with kubectl."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from typing import Any

from sd_kit.cluster import kubectl as kit_kubectl
from sd_kit.errors import KitError

NAMESPACE = "-".join(("sd-e2e", *filter(None, (os.environ.get("PYTEST_XDIST_WORKER"),))))
"""The namespace of this test process: parallel ones do not share it."""

RESTRICTED_POD = {
    "automountServiceAccountToken": False,
    "terminationGracePeriodSeconds": 0,
    "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
}
RESTRICTED_CONTAINER = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}
"""Fields that the restricted Pod Security Standard requires."""


def kubectl(*arguments: str) -> str:
    """Return the stdout of kubectl; raise KitError if it fails."""
    return kit_kubectl.run(*arguments, purpose=f"kubectl {arguments[0]}")


def kubectl_with_stdin(*arguments: str, stdin: str) -> str:
    """Return the stdout of a kubectl command that reads `stdin`; fail if it fails."""
    completed = _complete(*arguments, stdin=stdin)
    assert completed.returncode == 0, f"kubectl {arguments[0]}: {completed.stderr}"
    return completed.stdout


def kubectl_error(*arguments: str, stdin: str) -> str:
    """Return the stderr of a kubectl command that must fail."""
    completed = _complete(*arguments, stdin=stdin)
    assert completed.returncode != 0, f"kubectl {arguments} succeeded:\n{completed.stdout}"
    return completed.stderr


def _complete(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    argv, environment = [kit_kubectl.program(), *arguments], kit_kubectl.environment()
    return subprocess.run(argv, input=stdin, capture_output=True, text=True, env=environment, check=False)


def apply(manifest: dict[str, Any]) -> None:
    """Create or change an object with `kubectl apply`."""
    kubectl_with_stdin("apply", "-f", "-", stdin=json.dumps(manifest))


def read(*arguments: str) -> Any:
    """Return the JSON of `kubectl get`: an object or a list of objects."""
    return json.loads(kubectl("get", *arguments, "-o", "json"))


def is_ready(pod: dict[str, Any]) -> bool:
    """Return True if the pod's condition Ready is True."""
    conditions = pod["status"].get("conditions", [])
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def restart_counts(pod: str) -> dict[str, int]:
    """Return the number of restarts of each container of a pod in the namespace default."""
    status = read("pod", pod)["status"]
    return {c["name"]: c["restartCount"] for c in status["initContainerStatuses"] + status["containerStatuses"]}


def kill_processes(pod: str, container: str, pattern: str, *, first_only: bool = False) -> None:
    """Send SIGKILL to the processes of a container whose command line contains `pattern`.

    The shell that sends the signal may be killed together with the container, before it can exit with 0.
    """
    expression = f"[{pattern[0]}]{pattern[1:]}"  # does not match the command line of the searching shell
    script = (
        "for process in /proc/[0-9]*; do "
        f"if tr '\\0' ' ' <$process/cmdline 2>/dev/null | grep -q -- '{expression}'; then "
        f'found="$found ${{process#/proc/}}"; {"break" if first_only else ":"}; fi; done; '
        '[ "$found" ] || { echo "No such process." >&2; exit 1; }; kill -9 $found || :'
    )
    completed = _complete("exec", pod, "-c", container, "--", "sh", "-c", script)
    shell_was_killed = 128 + signal.SIGKILL
    assert completed.returncode in (0, shell_was_killed), f"Cannot kill {pattern} in {pod}: {completed.stderr}"


def wait_until(condition: Callable[[], Any], *, timeout_s: float, interval_s: float = 0.5) -> Any:
    """Call `condition` until its result is truthy, and return the result; a KitError counts as a falsy result."""
    deadline_s = time.monotonic() + timeout_s
    while True:
        result, error = _evaluate(condition)
        if result:
            return result
        assert time.monotonic() < deadline_s, f"Still {error or repr(result)} after {timeout_s} s."
        time.sleep(interval_s)


def _evaluate(condition: Callable[[], Any]) -> tuple[Any, str]:
    try:
        return condition(), ""
    except KitError as error:
        return None, str(error)
