"""The progress of a Deployment, read from its status."""

from dataclasses import dataclass
from typing import Self

from sd_operator.api.reason import Reason
from sd_operator.kube.conditions import conditions_of
from sd_operator.resources import Manifest


@dataclass(frozen=True, slots=True)
class Rollout:
    """Numbers of pods of a Deployment: `desired` by its spec, `existing`, of the `latest` spec, `serving`."""

    desired: int = 0
    existing: int = 0
    latest: int = 0
    ready: int = 0
    serving: int = 0
    is_observed: bool = False
    """True if the status is about the latest generation."""
    failure: str = ""
    """The message of the controller that cannot create pods; empty if it can."""
    deadline_s: int = 0
    """The time without progress after which a rollout counts as stalled."""
    stalled_since: str = ""
    """The time at which the rollout was reported as stalled; empty if it is not."""
    surges: bool = False
    """True if an old pod terminates only after a new one is ready."""

    @classmethod
    def of(cls, deployment: Manifest | None) -> Self:
        """Read a live Deployment; without one there are no pods."""
        if deployment is None:
            return cls()
        status = deployment.get("status", {})
        return cls(
            desired=deployment["spec"]["replicas"],
            existing=status.get("replicas", 0),
            latest=status.get("updatedReplicas", 0),
            ready=status.get("readyReplicas", 0),
            serving=status.get("availableReplicas", 0),
            is_observed=status.get("observedGeneration", 0) >= deployment["metadata"]["generation"],
            failure=_failure(deployment),
            deadline_s=deployment["spec"].get("progressDeadlineSeconds", 0),
            stalled_since=_stalled_since(deployment),
            surges=deployment["spec"].get("strategy", {}).get("type") == "RollingUpdate",
        )

    @property
    def is_complete(self) -> bool:
        """True if exactly the desired pods exist, all of the latest spec and all serving."""
        return self.is_observed and self.existing == self.latest == self.serving == self.desired

    @property
    def is_served_by_old_pods(self) -> bool:
        """True if there are pods of an earlier spec, and some pods serve."""
        return self.existing > self.latest and self.serving > 0

    def summary(self) -> str:
        """Return the numbers as a sentence."""
        old = f", {self.existing - self.latest} of an earlier spec" if self.existing > self.latest else ""
        return f"{self.serving} of {self.desired} pods serve ({self.latest} of the latest spec{old})."


def _failure(deployment: Manifest) -> str:
    failed = conditions_of(deployment).get("ReplicaFailure", {})
    return failed.get("message", "") if failed.get("status") == "True" else ""


def _stalled_since(deployment: Manifest) -> str:
    found = conditions_of(deployment).get("Progressing", {})
    is_stalled = found.get("status") == "False" and found.get("reason") == Reason.PROGRESS_DEADLINE_EXCEEDED
    return found.get("lastTransitionTime", "") if is_stalled else ""
