"""What a pod's status says of its two containers."""

from typing import NamedTuple

from sd_operator.resources import Manifest

LONGEST_LAST_WORDS = 1000
STATUSES = ("initContainerStatuses", "containerStatuses")
"""The engine is a native sidecar and so among the first; Triton is the only one of the others."""


class Container(NamedTuple):
    """One container of a pod: its name in a sentence, and its status."""

    title: str
    status: Manifest

    @property
    def waiting(self) -> Manifest:
        """Why the container has not started; empty where it has."""
        return self.status.get("state", {}).get("waiting", {})

    @property
    def running_since(self) -> str:
        """When the process that runs now began, as the cluster writes times; empty where none runs."""
        return self.status.get("state", {}).get("running", {}).get("startedAt") or ""

    @property
    def runs(self) -> bool:
        """Whether there is a process."""
        return "running" in self.status.get("state", {})

    @property
    def started(self) -> bool:
        """Whether its startup probe has succeeded."""
        return self.status.get("started", False)

    @property
    def ready(self) -> bool:
        """Whether its readiness probe succeeds."""
        return self.status.get("ready", False)

    @property
    def ended(self) -> Manifest:
        """How the container ended last; empty where it never did."""
        return self.status.get("state", {}).get("terminated") or self.status.get("lastState", {}).get("terminated", {})

    @property
    def last_words(self) -> str:
        """What the container said at its end, the last of it."""
        return self.ended.get("message", "").strip()[-LONGEST_LAST_WORDS:]

    @property
    def fails(self) -> bool:
        """Whether it has ended and has not been well since: badly, or again and again. Neither is ever done."""
        badly = self.ended and (self.ended["exitCode"] != 0 or self.waiting.get("reason") == "CrashLoopBackOff")
        return bool(badly) and not self.ready


def containers(pod: Manifest) -> list[Container]:
    """Those that the kubelet has told of."""
    return [container for kind in STATUSES for container in _told(pod, kind)]


def engine_and_triton(pod: Manifest) -> tuple[Container, Container]:
    """Both, with an empty status where the kubelet has told nothing yet."""
    engine, triton = (next(iter(_told(pod, kind)), Container("", {})) for kind in STATUSES)
    return engine, triton


def _told(pod: Manifest, kind: str) -> list[Container]:
    statuses: list[Manifest] = pod.get("status", {}).get(kind, [])
    name = pod["metadata"]["name"]
    return [Container(f"Container {each['name']} of pod {name}", each) for each in statuses]
