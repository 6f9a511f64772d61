"""Quantities and durations in a manifest, with their parsers and their CEL rules."""

import re
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, WithJsonSchema

_UNITS = "k|Ki|M|Mi|G|Gi|T|Ti|P|Pi"
# Kubernetes rounds a quantity that is finer than a thousandth, so that the stored value would differ from the manifest.
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
MAX_DURATION_H = 1000

_QUANTITY_MESSAGE = "must be a quantity above zero and at most 1Pi, such as 64Mi, 500m or 2"
_REQUEST_SIZE_MESSAGE = "must be a size from 1Ki to 1Gi, such as 64Mi"
_VOLUME_SIZE_MESSAGE = "must be a size from 1Mi to 1Pi, such as 1Gi"
_DURATION_MESSAGE = (
    f"must be a duration above zero and at most {MAX_DURATION_H}h in hours, minutes and seconds, such as 4h, 90m or "
    "1h30m"
)


def quantity(text: object) -> Decimal:
    """Return the value of a Kubernetes quantity.

    Raises:
        ValueError: the text is not a quantity.
    """
    match = _QUANTITY.fullmatch(str(text))
    if not match:
        raise ValueError(_QUANTITY_MESSAGE)
    return Decimal(match[1]) * _FACTORS[match[2]]


def seconds(text: str) -> int:
    """Return the seconds of a duration such as `1h30m`.

    Raises:
        ValueError: the text is not a duration.
    """
    match = _DURATION.fullmatch(text)
    if not match or not text:
        raise ValueError(_DURATION_MESSAGE)
    hours, minutes, rest = (int(part or 0) for part in match.groups())
    return hours * 3600 + minutes * 60 + rest


def _duration(text: str) -> str:
    if not re.fullmatch(DURATION_PATTERN, text) or not 0 < seconds(text) <= MAX_DURATION_H * 3600:
        raise ValueError(_DURATION_MESSAGE)
    return text


def _range_validator(minimum: str, maximum: str, message: str) -> AfterValidator:
    def validated(text: str) -> str:
        if not re.fullmatch(_SIZE, text) or not quantity(minimum) <= quantity(text) <= quantity(maximum):
            raise ValueError(message)
        return text

    return AfterValidator(validated)


def _range_schema(minimum: str, maximum: str, message: str) -> WithJsonSchema:
    # quantity() fails with an evaluation error on any other text; matches() first keeps the rule's own message.
    rule = (
        f"string(self).matches('^({_SIZE})$') && "
        f"quantity(string(self)).compareTo(quantity('{minimum}')) >= 0 && "
        f"quantity(string(self)).compareTo(quantity('{maximum}')) <= 0"
    )
    schema: dict[str, Any] = {
        "x-kubernetes-int-or-string": True,
        "maxLength": 32,
        "x-kubernetes-validations": [{"rule": rule, "message": message}],
    }
    return WithJsonSchema(schema)


Quantity = Annotated[
    str,
    BeforeValidator(str),
    _range_validator("1m", "1Pi", _QUANTITY_MESSAGE),
    _range_schema("1m", "1Pi", _QUANTITY_MESSAGE),
]
"""An amount of CPU, memory or storage."""

RequestSize = Annotated[
    str,
    BeforeValidator(str),
    _range_validator("1Ki", "1Gi", _REQUEST_SIZE_MESSAGE),
    _range_schema("1Ki", "1Gi", _REQUEST_SIZE_MESSAGE),
]
"""The size of one recording."""

VolumeSize = Annotated[
    str,
    BeforeValidator(str),
    _range_validator("1Mi", "1Pi", _VOLUME_SIZE_MESSAGE),
    _range_schema("1Mi", "1Pi", _VOLUME_SIZE_MESSAGE),
]
"""The size of a volume."""

Duration = Annotated[
    str,
    AfterValidator(_duration),
    WithJsonSchema(
        {
            "type": "string",
            "minLength": 2,
            "maxLength": 24,
            "x-kubernetes-validations": [
                {
                    "rule": f"self.matches('^{DURATION_PATTERN}$') && duration(self) > duration('0s') && "
                    f"duration(self) <= duration('{MAX_DURATION_H}h')",
                    "message": _DURATION_MESSAGE,
                }
            ],
        }
    ),
]
"""A length of audio or of time, in hours, minutes and seconds."""
