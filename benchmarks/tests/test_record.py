"""Rendering of the results page."""

from pathlib import Path

import pytest

from benchmarks import record


@pytest.mark.parametrize(
    ("value", "shown"), [(0.1294, "0.129"), (1.0, "1"), (31.449, "31.4"), (163.6, "164"), (2000.0, "2000")]
)
def test_values_have_three_significant_digits_and_large_numbers_all_digits(
    value: float, shown: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = f'{{"name": "row", "value": {value}, "unit": "s", "goal": "<= 1", "detail": "how"}}'
    (tmp_path / "part.json").write_text(f'{{"date": "a day", "commit": "c", "machine": "m", "rows": [{row}]}}')
    monkeypatch.setattr(record, "RESULTS", tmp_path)
    assert f"| row | {shown} | s | <= 1 | how |" in record.page()
