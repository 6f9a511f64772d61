"""Why something is not as it was asked for: one word for machines, one sentence for people."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cause:
    """Something that stands in the way until a person, or time, removes it; `reason` is CamelCase."""

    reason: str
    message: str
