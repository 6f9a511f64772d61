"""Conditions are found by type; a missing status or condition is neither an error nor true."""

import pytest
from sd_operator.kube.conditions import conditions_of, is_condition_true, transition_time
from sd_operator.resources import Manifest

READY = {"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}
SCHEDULED = {"type": "PodScheduled", "status": "False", "lastTransitionTime": None}
POD = {"status": {"conditions": [READY, SCHEDULED]}}


def test_conditions_are_found_by_type() -> None:
    assert conditions_of(POD) == {"Ready": READY, "PodScheduled": SCHEDULED}


@pytest.mark.parametrize(
    ("live", "kind", "expected", "time"),
    [
        (POD, "Ready", True, "2026-01-01T00:00:00Z"),
        (POD, "PodScheduled", False, ""),
        (POD, "Initialized", False, ""),
        ({}, "Ready", False, ""),
        ({"status": {}}, "Ready", False, ""),
    ],
)
def test_a_condition_is_true_only_with_status_true(live: Manifest, kind: str, expected: object, time: str) -> None:
    assert is_condition_true(live, kind) is expected
    assert transition_time(live, kind) == time
