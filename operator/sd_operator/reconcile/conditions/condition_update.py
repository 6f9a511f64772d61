"""A condition before it is combined with its history."""

from dataclasses import dataclass
from typing import Self

from sd_operator.reconcile.finding import Finding


@dataclass(frozen=True, slots=True)
class ConditionUpdate:
    """The present state of a condition, without its generation and the time of its transition."""

    type: str
    status: bool | None
    """None if it is unknown."""
    reason: str
    message: str

    @classmethod
    def because_of(cls, finding: Finding, kind: str, *, status: bool | None) -> Self:
        """Return a condition with the reason and the message of a finding."""
        return cls(kind, status, finding.reason, finding.message)
