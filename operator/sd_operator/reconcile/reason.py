"""Why something is not as it was asked for: one word for machines, one sentence for people."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cause:
    """Something that stands in the way until a person, or time, removes it; `reason` is CamelCase."""

    reason: str
    message: str


QUOTA_EXCEEDED, PODS_REFUSED = "QuotaExceeded", "PodsRejected"


def refusal_of_pods(said: str) -> Cause:
    """Why quota or admission refuse pods, in the words of whoever asked for them."""
    return Cause(QUOTA_EXCEEDED if "exceeded quota" in said else PODS_REFUSED, said)
