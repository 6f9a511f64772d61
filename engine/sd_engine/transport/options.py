"""What a caller asked for beside the recording: how many speakers, and which extra keys."""

from __future__ import annotations

from dataclasses import dataclass

from sd_engine import wire
from sd_engine.errors import InvalidArgumentError

MOST_SPEAKERS = 256
EXCLUSIVE = "exclusive"
EMBEDDINGS = "embeddings"
EXTRAS = (EXCLUSIVE, EMBEDDINGS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """None = find out. `num_speakers` outweighs the other two, as pyannote means it."""

    num_speakers: int | None = None
    min_speakers: int | None = None
    max_speakers: int | None = None
    include: frozenset[str] = frozenset()

    @classmethod
    def from_message(cls, asked: wire.Message) -> Asked:
        """Reads the `asked` of a `diarize` message.

        Raises:
            InvalidArgumentError: a count is out of range, the bounds contradict each other, or an extra is unknown.
        """
        counts = {name: _count(name, asked.get(name)) for name in ("num_speakers", "min_speakers", "max_speakers")}
        return cls(**counts, include=_extras(asked.get("include", ())))

    def __post_init__(self) -> None:
        if self.min_speakers and self.max_speakers and self.min_speakers > self.max_speakers:
            raise InvalidArgumentError(
                f"min_speakers ({self.min_speakers}) is greater than max_speakers ({self.max_speakers})."
            )

    def bounds(self) -> dict[str, int]:
        """The arguments for pyannote's pipeline; what was not asked for is left to pyannote."""
        counts = {
            "num_speakers": self.num_speakers,
            "min_speakers": self.min_speakers,
            "max_speakers": self.max_speakers,
        }
        return {name: count for name, count in counts.items() if count is not None}


def _count(name: str, value: object) -> int | None:
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= MOST_SPEAKERS:
        raise InvalidArgumentError(f"{name} is {value!r}; it must be a whole number from 1 to {MOST_SPEAKERS}.")
    return value


def _extras(names: object) -> frozenset[str]:
    include = frozenset(str(name) for name in (names if isinstance(names, (list, tuple)) else [names]))
    if unknown := include - set(EXTRAS):
        raise InvalidArgumentError(f"include names {', '.join(sorted(unknown))}; known are: {', '.join(EXTRAS)}.")
    return include
