"""How far a Deployment has come, read from its status."""

from dataclasses import dataclass
from typing import Self

from sd_operator.kube.conditions import conditions_of
from sd_operator.resources import Manifest

DEADLINE_EXCEEDED = "ProgressDeadlineExceeded"


@dataclass(frozen=True, slots=True)
class Rollout:
    """Pods of a Deployment: `wanted` by its spec, `existing`, of the `latest` spec, `serving`."""

    wanted: int = 0
    existing: int = 0
    latest: int = 0
    ready: int = 0
    serving: int = 0
    seen: bool = False
    failure: str = ""
    """Why no pod could be made; empty where they can."""
    deadline_s: int = 0
    """How long nothing may go on before the cluster says so."""
    stalled_since: str = ""
    """When the cluster last said that nothing goes on; empty where something does."""
    surges: bool = False
    """Whether an old pod only ends when a new one serves."""

    @classmethod
    def of(cls, deployment: Manifest | None) -> Self:
        """Reads a live Deployment; without one there are no pods."""
        if deployment is None:
            return cls()
        status = deployment.get("status", {})
        return cls(
            wanted=deployment["spec"]["replicas"],
            existing=status.get("replicas", 0),
            latest=status.get("updatedReplicas", 0),
            ready=status.get("readyReplicas", 0),
            serving=status.get("availableReplicas", 0),
            seen=status.get("observedGeneration", 0) >= deployment["metadata"]["generation"],
            failure=_failure(deployment),
            deadline_s=deployment["spec"].get("progressDeadlineSeconds", 0),
            stalled_since=_stalled_since(deployment),
            surges=deployment["spec"].get("strategy", {}).get("type") == "RollingUpdate",
        )

    @property
    def complete(self) -> bool:
        """Whether exactly the pods that are wanted exist, all of the latest spec, all serving."""
        return self.seen and self.existing == self.latest == self.serving == self.wanted

    @property
    def is_served_by_old_pods(self) -> bool:
        """Whether pods of an earlier spec are there, and some pods serve."""
        return self.existing > self.latest and self.serving > 0

    def sentence(self) -> str:
        """The counts in words."""
        old = f", {self.existing - self.latest} of an earlier spec" if self.existing > self.latest else ""
        return f"{self.serving} of {self.wanted} pods serve ({self.latest} of the latest spec{old})."


def _failure(deployment: Manifest) -> str:
    failed = conditions_of(deployment).get("ReplicaFailure", {})
    return failed.get("message", "") if failed.get("status") == "True" else ""


def _stalled_since(deployment: Manifest) -> str:
    found = conditions_of(deployment).get("Progressing", {})
    is_stalled = found.get("status") == "False" and found.get("reason") == DEADLINE_EXCEEDED
    return found.get("lastTransitionTime", "") if is_stalled else ""
