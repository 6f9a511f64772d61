"""Sizes and durations as people write them in a manifest, each with its rule in plain words."""

import re
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, WithJsonSchema

_UNITS = "k|Ki|M|Mi|G|Gi|T|Ti|P|Pi"
# What is finer than a thousandth, Kubernetes rounds: it would keep something else than what was asked for.
_SIZE = f"[0-9]{{1,15}}m|[0-9]{{1,15}}([.][0-9]{{1,3}})?({_UNITS})?"
_QUANTITY = re.compile(f"([0-9]+(?:[.][0-9]+)?)(m|{_UNITS})?")
_FACTORS: dict[str | None, Decimal] = {
    None: Decimal(1),
    "m": Decimal("0.001"),
    **{unit: Decimal(1000) ** power for power, unit in enumerate("kMGTP", start=1)},
    **{unit: Decimal(1024) ** power for power, unit in enumerate(("Ki", "Mi", "Gi", "Ti", "Pi"), start=1)},
}

DURATION_PATTERN = "([0-9]{1,7}h)?([0-9]{1,7}m)?([0-9]{1,7}s)?"
_DURATION = re.compile("(?:([0-9]+)h)?(?:([0-9]+)m)?(?:([0-9]+)s)?")
LONGEST_DURATION_H = 1000

_IN_WORDS_SIZE = "must be a size above zero and at most 1Pi, such as 64Mi, 500m or 2"
_IN_WORDS_REQUEST = "must be a size from 1Ki to 1Gi, such as 64Mi"
_IN_WORDS_VOLUME = "must be a size from 1Mi to 1Pi, such as 1Gi"
_IN_WORDS_DURATION = (
    f"must be a time above zero and at most {LONGEST_DURATION_H}h in hours, minutes and seconds, such as 4h, 90m or "
    "1h30m"
)


def quantity(text: object) -> Decimal:
    """The value of a Kubernetes quantity; raises ValueError where it is none."""
    match = _QUANTITY.fullmatch(str(text))
    if not match:
        raise ValueError(_IN_WORDS_SIZE)
    return Decimal(match[1]) * _FACTORS[match[2]]


def seconds(text: str) -> int:
    """The seconds in a duration such as 1h30m; raises ValueError where it is none."""
    match = _DURATION.fullmatch(text)
    if not match or not text:
        raise ValueError(_IN_WORDS_DURATION)
    hours, minutes, rest = (int(part or 0) for part in match.groups())
    return hours * 3600 + minutes * 60 + rest


def _lasts(text: str) -> str:
    if not re.fullmatch(DURATION_PATTERN, text) or not 0 < seconds(text) <= LONGEST_DURATION_H * 3600:
        raise ValueError(_IN_WORDS_DURATION)
    return text


def _between(smallest: str, largest: str, message: str) -> AfterValidator:
    def checked(text: str) -> str:
        if not re.fullmatch(_SIZE, text) or not quantity(smallest) <= quantity(text) <= quantity(largest):
            raise ValueError(message)
        return text

    return AfterValidator(checked)


def _between_schema(smallest: str, largest: str, message: str) -> WithJsonSchema:
    # matches() first: quantity() of anything else is an evaluation error, whose sentence nobody understands.
    text = (
        f"string(self).matches('^({_SIZE})$') && "
        f"quantity(string(self)).compareTo(quantity('{smallest}')) >= 0 && "
        f"quantity(string(self)).compareTo(quantity('{largest}')) <= 0"
    )
    schema: dict[str, Any] = {
        "x-kubernetes-int-or-string": True,
        "maxLength": 32,
        "x-kubernetes-validations": [{"rule": text, "message": message}],
    }
    return WithJsonSchema(schema)


Quantity = Annotated[
    str,
    BeforeValidator(str),
    _between("1m", "1Pi", _IN_WORDS_SIZE),
    _between_schema("1m", "1Pi", _IN_WORDS_SIZE),
]
"""An amount of CPU or memory."""

RequestSize = Annotated[
    str,
    BeforeValidator(str),
    _between("1Ki", "1Gi", _IN_WORDS_REQUEST),
    _between_schema("1Ki", "1Gi", _IN_WORDS_REQUEST),
]
"""The size of one recording."""

VolumeSize = Annotated[
    str,
    BeforeValidator(str),
    _between("1Mi", "1Pi", _IN_WORDS_VOLUME),
    _between_schema("1Mi", "1Pi", _IN_WORDS_VOLUME),
]
"""The size of a volume."""

Duration = Annotated[
    str,
    AfterValidator(_lasts),
    WithJsonSchema(
        {
            "type": "string",
            "minLength": 2,
            "maxLength": 24,
            "x-kubernetes-validations": [
                {
                    "rule": f"self.matches('^{DURATION_PATTERN}$') && duration(self) > duration('0s') && "
                    f"duration(self) <= duration('{LONGEST_DURATION_H}h')",
                    "message": _IN_WORDS_DURATION,
                }
            ],
        }
    ),
]
"""A length of audio or of time, in hours, minutes and seconds."""
