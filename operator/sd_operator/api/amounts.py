"""Sizes, durations and names as people write them in a manifest, each with its rule in plain words."""

import re
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, StringConstraints, WithJsonSchema

_QUANTITY = re.compile(r"^(\d+(?:\.\d+)?)(m|k|Ki|M|Mi|G|Gi|T|Ti|P|Pi)?$")
_FACTORS: dict[str | None, Decimal] = {
    None: Decimal(1),
    "m": Decimal("0.001"),
    **{unit: Decimal(1000) ** power for power, unit in enumerate("kMGTP", start=1)},
    **{unit: Decimal(1024) ** power for power, unit in enumerate(("Ki", "Mi", "Gi", "Ti", "Pi"), start=1)},
}

_DURATION_PATTERN = r"^([0-9]+h)?([0-9]+m)?([0-9]+s)?$"
_DURATION = re.compile(r"^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$")

SMALLEST_REQUEST, LARGEST_REQUEST = 1024, 1024**3

_IN_WORDS_SIZE = "must be a size above zero, such as 64Mi, 500m or 2"
_IN_WORDS_REQUEST = "must be a size from 1Ki to 1Gi, such as 64Mi"
_IN_WORDS_DURATION = "must be a time above zero in hours, minutes and seconds, such as 4h, 90m or 1h30m"


def quantity(text: object) -> Decimal:
    """The value of a Kubernetes quantity; raises ValueError where it is none."""
    match = _QUANTITY.match(str(text))
    if not match:
        raise ValueError(_IN_WORDS_SIZE)
    try:
        return Decimal(match[1]) * _FACTORS[match[2]]
    except InvalidOperation as error:
        raise ValueError(_IN_WORDS_SIZE) from error


def seconds(text: str) -> int:
    """The seconds in a duration such as 1h30m; raises ValueError where it is none."""
    match = _DURATION.match(text)
    if not match or not text:
        raise ValueError(_IN_WORDS_DURATION)
    hours, minutes, rest = (int(part or 0) for part in match.groups())
    return hours * 3600 + minutes * 60 + rest


def _above_zero(text: str) -> str:
    if quantity(text) <= 0:
        raise ValueError(_IN_WORDS_SIZE)
    return text


def _fits_a_request(text: str) -> str:
    if not SMALLEST_REQUEST <= quantity(text) <= LARGEST_REQUEST:
        raise ValueError(_IN_WORDS_REQUEST)
    return text


def _lasts(text: str) -> str:
    if seconds(text) <= 0:
        raise ValueError(_IN_WORDS_DURATION)
    return text


def _quantity_schema(condition: str, message: str) -> WithJsonSchema:
    # isQuantity first: quantity() of anything else is an evaluation error, whose sentence nobody understands.
    text = f"isQuantity(string(self)) && {condition}"
    schema: dict[str, Any] = {
        "x-kubernetes-int-or-string": True,
        "maxLength": 32,
        "x-kubernetes-validations": [{"rule": text, "message": message}],
    }
    return WithJsonSchema(schema)


Quantity = Annotated[
    str,
    BeforeValidator(str),
    AfterValidator(_above_zero),
    _quantity_schema("quantity(string(self)).isGreaterThan(quantity('0'))", _IN_WORDS_SIZE),
]
"""An amount of CPU or memory."""

RequestSize = Annotated[
    str,
    BeforeValidator(str),
    AfterValidator(_fits_a_request),
    _quantity_schema(
        "quantity(string(self)).compareTo(quantity('1Ki')) >= 0 && "
        "quantity(string(self)).compareTo(quantity('1Gi')) <= 0",
        _IN_WORDS_REQUEST,
    ),
]
"""The size of one recording."""

Duration = Annotated[
    str,
    AfterValidator(_lasts),
    WithJsonSchema(
        {
            "type": "string",
            "minLength": 2,
            "maxLength": 16,
            "x-kubernetes-validations": [
                {
                    "rule": f"self.matches('{_DURATION_PATTERN}') && duration(self) > duration('0s')",
                    "message": _IN_WORDS_DURATION,
                }
            ],
        }
    ),
]
"""A length of audio or of time, in hours, minutes and seconds."""

ObjectName = Annotated[
    str, StringConstraints(min_length=1, max_length=253, pattern=r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$")
]
"""The name of an object in the same namespace."""

ImageReference = Annotated[str, StringConstraints(min_length=1, max_length=512, pattern=r"^[^\s]+$")]
"""Where a container image is, by tag or by digest."""
