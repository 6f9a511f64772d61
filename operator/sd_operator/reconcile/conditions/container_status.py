"""The status of a pod's two containers."""

from typing import NamedTuple

from sd_operator.resources import Manifest

LONGEST_TERMINATION_MESSAGE = 1000
STATUS_FIELDS = ("initContainerStatuses", "containerStatuses")
"""The engine is a native sidecar and therefore an init container; Triton is the only other container."""


class ContainerStatus(NamedTuple):
    """The status of one container, and its name as messages write it."""

    title: str
    status: Manifest

    @property
    def waiting(self) -> Manifest:
        """The state `waiting`; empty if the container is in another."""
        return self.status.get("state", {}).get("waiting", {})

    @property
    def running_since(self) -> str:
        """The time at which the present process started; empty if none runs."""
        return self.status.get("state", {}).get("running", {}).get("startedAt") or ""

    @property
    def is_running(self) -> bool:
        """True if there is a process."""
        return "running" in self.status.get("state", {})

    @property
    def is_started(self) -> bool:
        """True if the startup probe has succeeded."""
        return self.status.get("started", False)

    @property
    def is_ready(self) -> bool:
        """True if the readiness probe succeeds."""
        return self.status.get("ready", False)

    @property
    def terminated(self) -> Manifest:
        """The last termination; empty if there was none."""
        return self.status.get("state", {}).get("terminated") or self.status.get("lastState", {}).get("terminated", {})

    @property
    def termination_message(self) -> str:
        """The end of the last termination message."""
        return self.terminated.get("message", "").strip()[-LONGEST_TERMINATION_MESSAGE:]

    @property
    def fails(self) -> bool:
        """True if the container terminated with an error, or repeatedly, and has not been ready since.

        Both containers are servers: an exit with code 0 is not a success.
        """
        is_restarting = self.waiting.get("reason") == "CrashLoopBackOff"
        return bool(self.terminated) and (self.terminated["exitCode"] != 0 or is_restarting) and not self.is_ready


def containers(pod: Manifest) -> list[ContainerStatus]:
    """Return the containers that the kubelet has reported."""
    return [container for field in STATUS_FIELDS for container in _reported(pod, field)]


def engine_and_triton(pod: Manifest) -> tuple[ContainerStatus, ContainerStatus]:
    """Return both containers, with an empty status if the kubelet has reported none."""
    engine, triton = (next(iter(_reported(pod, field)), ContainerStatus("", {})) for field in STATUS_FIELDS)
    return engine, triton


def _reported(pod: Manifest, field: str) -> list[ContainerStatus]:
    statuses: list[Manifest] = pod.get("status", {}).get(field, [])
    name = pod["metadata"]["name"]
    return [ContainerStatus(f"Container {each['name']} of pod {name}", each) for each in statuses]
