"""On the way down the pods that owe the least work go first."""

import math

import pytest
from sd_operator.reconcile.decide import Change, Plan
from sd_operator.reconcile.scale_down import DELETION_COST, cost, goes_down
from sd_operator.resources import Manifest


def deployment(replicas: int) -> Manifest:
    """As much of a Deployment as matters here."""
    return {"kind": "Deployment", "metadata": {"name": "demo"}, "spec": {"replicas": replicas}}


@pytest.mark.parametrize(("wanted", "there", "down"), [(1, 3, True), (3, 1, False), (2, 2, False)])
def test_only_the_way_down_asks_the_pods(wanted: int, there: int, down: bool) -> None:  # noqa: FBT001
    assert goes_down(Plan([Change(deployment(wanted), deployment(there), "spec.replicas")])) is down


def test_a_new_deployment_asks_nobody() -> None:
    assert not goes_down(Plan([Change(deployment(1))]))


@pytest.mark.parametrize(("owed_s", "text"), [(0, "0"), (1.5, "1500"), (math.inf, "2147483647"), (1e12, "2147483647")])
def test_a_cost_is_a_whole_number_that_the_cluster_takes(owed_s: float, text: str) -> None:
    assert cost(owed_s) == text


def test_the_annotation_is_the_clusters_own() -> None:
    assert DELETION_COST == "controller.kubernetes.io/pod-deletion-cost"
