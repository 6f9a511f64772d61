"""A scale-down deletes the pods with the smallest backlog first."""

import math

import pytest
from sd_harness.services.live_objects import pod
from sd_operator.reconcile.plan import Change
from sd_operator.reconcile.scale_down import DELETION_COST_ANNOTATION, deletion_cost, deletion_costs, is_scaled_down
from sd_operator.resources import Manifest


def deployment(replicas: int) -> Manifest:
    """Return the fields of a Deployment that matter here."""
    return {"kind": "Deployment", "metadata": {"name": "demo"}, "spec": {"replicas": replicas}}


@pytest.mark.parametrize(("desired", "existing", "is_down"), [(1, 3, True), (3, 1, False), (2, 2, False)])
def test_a_deployment_with_fewer_replicas_is_scaled_down(desired: int, existing: int, is_down: bool) -> None:  # noqa: FBT001
    assert is_scaled_down(deployment(desired), deployment(existing)) is is_down


def test_a_new_deployment_and_other_kinds_are_not_scaled_down() -> None:
    assert not is_scaled_down(deployment(1), None)
    assert not is_scaled_down({"kind": "Service"}, deployment(3))


@pytest.mark.parametrize(
    ("backlog_s", "cost"), [(0, "0"), (1.5, "1500"), (math.inf, "2147483647"), (1e12, "2147483647")]
)
def test_a_cost_is_an_integer_that_the_annotation_allows(backlog_s: float, cost: str) -> None:
    assert deletion_cost(backlog_s) == cost


def test_every_remaining_pod_gets_its_cost_unless_it_has_it() -> None:
    marked, deleted = pod("marked"), pod("deleted")
    marked["metadata"]["annotations"] = {DELETION_COST_ANNOTATION: "3000"}
    deleted["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    backlogs_s = {"uid-demo-1": 1.0, "uid-marked": 3.0}
    scale_down = [Change(deployment(1), deployment(3))]
    assert deletion_costs(scale_down, [pod(), marked, deleted], backlogs_s) == [(pod(), "1000")]
    assert deletion_costs([Change(deployment(3), deployment(1))], [pod()], {}) == []


def test_the_annotation_is_that_of_kubernetes() -> None:
    assert DELETION_COST_ANNOTATION == "controller.kubernetes.io/pod-deletion-cost"
