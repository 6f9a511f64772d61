"""What the end-to-end tests ask of the cluster, in their own words."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from typing import Any

from sd_kit import paths
from sd_kit.cluster import diarization_service
from sd_kit.cluster import kubectl as kubectl_command
from sd_kit.errors import KitError

from sd_harness.cluster import calls

NAMESPACE = "sd-e2e"
DEMO_PODS = "app.kubernetes.io/name=sd-triton,app.kubernetes.io/instance=demo"

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
"""What a namespace that enforces the restricted pod security asks for."""


def kubectl(*words: str) -> str:
    """What kubectl prints; raises KitError when it fails."""
    return kubectl_command.run(*words, purpose=f"kubectl {words[0]}")


def piped(*words: str, stdin: str) -> str:
    """What kubectl prints when it reads something that is written to no file."""
    done = _done(*words, stdin=stdin)
    assert done.returncode == 0, f"kubectl {words[0]}: {done.stderr}"
    return done.stdout


def refused(*words: str, stdin: str) -> str:
    """What kubectl says when it is refused."""
    done = _done(*words, stdin=stdin)
    assert done.returncode != 0, f"kubectl {words} was not refused:\n{done.stdout}"
    return done.stderr


def _done(*words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    argv = [kubectl_command.program(), *words]
    environment = {**os.environ, "KUBECONFIG": str(paths.kubeconfig())}
    return subprocess.run(argv, input=stdin, capture_output=True, text=True, env=environment, check=False)


def apply(manifest: dict[str, Any]) -> None:
    """Creates or changes an object."""
    piped("apply", "-f", "-", stdin=json.dumps(manifest))


def read(*words: str) -> Any:
    """An object, or a list of objects, as JSON."""
    return json.loads(kubectl("get", *words, "-o", "json"))


def demo_pods() -> list[dict[str, Any]]:
    """The demo's pods that are not on their way out."""
    pods = read("pods", "-l", DEMO_PODS)["items"]
    return [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]


def fresh_demo_pod() -> dict[str, Any]:
    """A pod of the demo's in which no container was ever restarted.

    Triton 24.10 aborts now and then while it starts on a busy machine (boost::interprocess::lock_exception, as in
    triton-inference-server/server#5949); such a pod heals, but is not fresh.
    """
    for _ in range(3):
        pod = _replaced_demo_pod()
        if not any(restarts(pod["metadata"]["name"]).values()):
            return pod
    raise AssertionError("Three pods in a row had a container that was restarted while it started.")


def triton_aborted(pod: str) -> bool:
    """Whether the last of Triton's starts that failed in this pod is one of these aborts."""
    return "lock_exception" in kubectl("logs", pod, "-c", "triton", "--previous")


def _replaced_demo_pod() -> dict[str, Any]:
    old = {pod["metadata"]["uid"] for pod in demo_pods()}
    kubectl("delete", "pod", "-l", DEMO_PODS, "--wait=true")
    until(lambda: [pod for pod in demo_pods() if pod["metadata"]["uid"] not in old and is_ready(pod)], within_s=180)
    diarization_service.wait_until_ready("demo")
    until_demo_answers()
    (pod,) = demo_pods()
    return pod


def until_demo_answers() -> None:
    """Returns once the node passes calls on to a ready pod, which it learns a moment after everybody else."""
    urls = (f"{calls.URL}/v2/health/ready", calls.TRITON_METRICS_URL, calls.ENGINE_METRICS_URL)
    until(lambda: all(calls.status(url) == 200 for url in urls), within_s=120)


def is_ready(pod: dict[str, Any]) -> bool:
    """Whether the pod takes traffic."""
    conditions = pod["status"].get("conditions", [])
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def restarts(pod: str) -> dict[str, int]:
    """How often each container of a pod was restarted."""
    status = read("pod", pod)["status"]
    return {c["name"]: c["restartCount"] for c in status["initContainerStatuses"] + status["containerStatuses"]}


def kill(pod: str, container: str, words: str, *, all_of_them: bool = True) -> None:
    """`kill -9` inside a container: all processes, or the first, whose command line holds `words`.

    Where that ends the container, the shell that sent the signals may go with it before it can say that it is done.
    """
    pattern = f"[{words[0]}]{words[1:]}"  # which the command line of the searching shell does not match itself
    script = (
        "for process in /proc/[0-9]*; do "
        f"if tr '\\0' ' ' <$process/cmdline 2>/dev/null | grep -q -- '{pattern}'; then "
        f'found="$found ${{process#/proc/}}"; {":" if all_of_them else "break"}; fi; done; '
        '[ "$found" ] || { echo "No such process." >&2; exit 1; }; kill -9 $found || :'
    )
    done = _done("exec", pod, "-c", container, "--", "sh", "-c", script)
    gone_with_it = 128 + signal.SIGKILL
    assert done.returncode in (0, gone_with_it), f"Cannot kill {words} in {pod}: {done.stderr}"


def until(question: Callable[[], Any], *, within_s: float, every_s: float = 0.5) -> Any:
    """Asks until the answer is truthy, and returns it; what cannot be asked just now is asked again."""
    deadline = time.monotonic() + within_s
    while True:
        answer, why_not = _asked(question)
        if answer:
            return answer
        assert time.monotonic() < deadline, f"Still {why_not or repr(answer)} after {within_s} s."
        time.sleep(every_s)


def _asked(question: Callable[[], Any]) -> tuple[Any, str]:
    """The answer; none, and why, where kubectl failed."""
    try:
        return question(), ""
    except KitError as error:
        return None, str(error)
