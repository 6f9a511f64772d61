"""A reason for machines and a message for people."""

from dataclasses import dataclass

from sd_operator.api.reason import Reason


@dataclass(frozen=True, slots=True)
class Finding:
    """The cause of a condition: a CamelCase reason, of `Reason` or of Kubernetes, and a message."""

    reason: str
    message: str

    def followed_by(self, sentence: str) -> "Finding":
        """Return the finding with a sentence appended to its message."""
        return Finding(self.reason, f"{self.message} {sentence}".strip())


def pod_rejection(message: str) -> Finding:
    """Return the finding for pods that a quota or admission rejects; `message` is that of the controller."""
    return Finding(Reason.QUOTA_EXCEEDED if "exceeded quota" in message else Reason.PODS_REJECTED, message)
