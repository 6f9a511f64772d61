"""The options of a diarization request. This module alone checks them: adapters and clients only carry them.

| option         | from                            | values                                               |
|----------------|---------------------------------|------------------------------------------------------|
| `NUM_SPEAKERS` | the input tensor of this name   | 1 to 256 as text; empty or absent = determine it     |
| `min_speakers` | the v2 request parameters       | 1 to 256, a number or its text                       |
| `max_speakers` | the v2 request parameters       | 1 to 256, a number or its text                       |
| `include`      | the v2 request parameters       | comma-separated list of `exclusive` and `embeddings` |
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from sd_engine import wire
from sd_engine.errors import InvalidArgumentError

MAX_SPEAKERS = 256
EXCLUSIVE = "exclusive"
EMBEDDINGS = "embeddings"
INCLUDES = (EXCLUSIVE, EMBEDDINGS)
PARAMETERS = ("min_speakers", "max_speakers", "include")
_MAX_DIGITS = len(str(MAX_SPEAKERS))
_MAX_QUOTED_CHARACTERS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Checked options. A speaker count of None means: determine it from the recording."""

    num_speakers: int | None = None
    min_speakers: int | None = None
    max_speakers: int | None = None
    include: frozenset[str] = frozenset()

    @classmethod
    def from_message(cls, options: wire.Message) -> Options:
        """Read the `options` of a `diarize` message.

        Raises:
            InvalidArgumentError: a parameter is unknown, a value is invalid, or two values exclude each other.
        """
        parameters: Mapping[str, object] = options.get("parameters", {})
        if unknown := sorted(set(parameters) - set(PARAMETERS)):
            raise InvalidArgumentError(
                f"Unknown parameter {_quoted(', '.join(unknown))}; there are: {', '.join(PARAMETERS)}."
            )
        return cls(
            num_speakers=_num_speakers(options.get("num_speakers", "")),
            min_speakers=_speaker_bound("min_speakers", parameters.get("min_speakers")),
            max_speakers=_speaker_bound("max_speakers", parameters.get("max_speakers")),
            include=_include(parameters.get("include", "")),
        )

    def __post_init__(self) -> None:
        lowest, highest = self.min_speakers or 1, self.max_speakers or MAX_SPEAKERS
        if lowest > highest:
            raise InvalidArgumentError(f"min_speakers ({lowest}) is greater than max_speakers ({highest}).")
        if self.num_speakers is None:
            return
        if self.num_speakers < lowest:
            raise InvalidArgumentError(f"NUM_SPEAKERS ({self.num_speakers}) is less than min_speakers ({lowest}).")
        if self.num_speakers > highest:
            raise InvalidArgumentError(f"NUM_SPEAKERS ({self.num_speakers}) is greater than max_speakers ({highest}).")

    def pipeline_arguments(self) -> dict[str, int]:
        """Return the speaker counts as arguments of pyannote's pipeline: the exact number, or the bounds."""
        if self.num_speakers is not None:
            return {"num_speakers": self.num_speakers}
        bounds = {"min_speakers": self.min_speakers, "max_speakers": self.max_speakers}
        return {name: count for name, count in bounds.items() if count is not None}


def _num_speakers(text: str) -> int | None:
    if not text:
        return None
    if (count := _speaker_count(text)) is None:
        raise InvalidArgumentError(
            f'NUM_SPEAKERS is "{_quoted(text)}"; it must be a whole number from 1 to {MAX_SPEAKERS}, '
            'or "" to determine the number of speakers.'
        )
    return count


def _speaker_bound(name: str, value: object) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or (count := _speaker_count(str(value))) is None:
        raise InvalidArgumentError(
            f"{name} is {_quoted(json.dumps(value))}; it must be a whole number from 1 to {MAX_SPEAKERS}."
        )
    return count


def _speaker_count(text: str) -> int | None:
    """Return the number from 1 to MAX_SPEAKERS that `text` holds in ASCII digits, else None."""
    if not (text.isascii() and text.isdigit()) or len(text) > _MAX_DIGITS:  # `int` of very many digits is slow
        return None
    return int(text) if 1 <= int(text) <= MAX_SPEAKERS else None


def _include(value: object) -> frozenset[str]:
    names = [name.strip() for name in value.split(",")] if isinstance(value, str) else [json.dumps(value)]
    include = frozenset(filter(None, names))
    if unknown := sorted(include - set(INCLUDES)):
        raise InvalidArgumentError(
            f"include lists {_quoted(', '.join(unknown))}, which is unknown; it may list: {', '.join(INCLUDES)}."
        )
    return include


def _quoted(text: str) -> str:
    """Return the start of a caller's text, short enough for an error message."""
    return text if len(text) <= _MAX_QUOTED_CHARACTERS else f"{text[:_MAX_QUOTED_CHARACTERS]}…"
