"""Quantities and durations are parsed as Kubernetes parses them, and invalid ones are rejected."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError
from sd_operator.api.quantities import Duration, Quantity, RequestSize, VolumeSize, quantity, seconds


@pytest.mark.parametrize(
    ("text", "value"),
    [("1", 1), ("500m", 0.5), ("1Ki", 1024), ("64Mi", 67108864), ("1.5G", 1.5e9), (3, 3), ("2k", 2000)],
)
def test_quantity_is_parsed(text: object, value: float) -> None:
    assert float(quantity(text)) == value


@pytest.mark.parametrize("text", ["", "Ki", "1 Gi", "1e3", "-1", "64Mi\n", "٣"])
def test_invalid_quantity_is_rejected(text: str) -> None:
    with pytest.raises(ValueError, match="must be a quantity"):
        quantity(text)


@pytest.mark.parametrize(
    ("text", "value"), [("4h", 14400), ("90m", 5400), ("1h30m", 5400), ("1h1m1s", 3661), ("5s", 5)]
)
def test_duration_is_parsed_in_seconds(text: str, value: int) -> None:
    assert seconds(text) == value


@pytest.mark.parametrize("text", ["", "4", "h", "1m1h", "4h\n", "-4h", "٤h"])
def test_invalid_duration_is_rejected(text: str) -> None:
    with pytest.raises(ValueError, match="must be a duration"):
        seconds(text)


@pytest.mark.parametrize(
    ("kind", "smallest", "largest", "too_small", "too_large"),
    [
        (Quantity, "1m", "1Pi", "0", "2Pi"),
        (RequestSize, "1Ki", "1Gi", "1023", "1025Mi"),
        (VolumeSize, "1Mi", "1Pi", "1023Ki", "2Pi"),
        (Duration, "1s", "1000h", "0s", "1000h1s"),
    ],
    ids=["quantity", "request size", "volume size", "duration"],
)
def test_range_includes_its_bounds(kind: Any, smallest: str, largest: str, too_small: str, too_large: str) -> None:
    adapter = TypeAdapter[str](kind)
    assert [adapter.validate_python(text) for text in (smallest, largest)] == [smallest, largest]
    for text in (too_small, too_large):
        with pytest.raises(ValidationError, match="must be a"):
            adapter.validate_python(text)
