"""How far a Deployment has come, read from its status."""

from dataclasses import dataclass
from typing import Self

from sd_operator.vocabulary import Manifest


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
            failure=_failure(status.get("conditions", [])),
        )

    @property
    def complete(self) -> bool:
        """Whether exactly the pods that are wanted exist, all of the latest spec, all serving."""
        return self.seen and self.existing == self.latest == self.serving == self.wanted

    @property
    def earlier(self) -> bool:
        """Whether there are pods of an earlier spec, or may be."""
        return not self.seen or self.existing > self.latest

    def sentence(self) -> str:
        """The counts in words."""
        old = f", {self.existing - self.latest} of an earlier spec" if self.existing > self.latest else ""
        return f"{self.serving} of {self.wanted} pods serve ({self.latest} of the latest spec{old})."


def _failure(conditions: list[Manifest]) -> str:
    failed = (each for each in conditions if each["type"] == "ReplicaFailure" and each["status"] == "True")
    return next((each.get("message", "") for each in failed), "")
