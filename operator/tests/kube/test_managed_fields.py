"""The field manager of a field is found along its path; a cached Deployment keeps only who has paused it."""

from typing import Any

import pytest
from sd_harness.services.live_objects import deployment
from sd_operator.kube.managed_fields import ListItem, Step, field_manager, pause_entries
from sd_operator.resources import FIELD_MANAGER

SPEC = {
    "replicas": 1,
    "containers": [{"name": "triton", "image": "a"}, {"name": "other", "image": "b"}],
    "ports": [{"containerPort": 1}],
    "sizes": [1, 2],
    "selector": {"app": "demo"},
}
TRITON, OTHER = ListItem("triton", 0), ListItem("other", 1)

CASES: dict[str, tuple[dict[str, Any], tuple[Step, ...], bool]] = {
    "a field": ({"f:replicas": {}}, ("replicas",), True),
    "another field": ({"f:replicas": {}}, ("selector",), False),
    "a part of a field that is owned as a whole": ({"f:selector": {}}, ("selector", "app"), True),
    "an item by its name": (
        {"f:containers": {'k:{"name":"triton"}': {".": {}, "f:image": {}}}},
        ("containers", TRITON, "image"),
        True,
    ),
    "another item": (
        {"f:containers": {'k:{"name":"triton"}': {"f:image": {}}}},
        ("containers", OTHER, "image"),
        False,
    ),
    "another field of the item": (
        {"f:containers": {'k:{"name":"triton"}': {"f:command": {}}}},
        ("containers", TRITON, "image"),
        False,
    ),
    "an item without the default of its key": (
        {"f:ports": {'k:{"containerPort":1,"protocol":"TCP"}': {"f:hostPort": {}}}},
        ("ports", ListItem(0, 0), "hostPort"),
        True,
    ),
    "an item of a set": ({"f:sizes": {"v:2": {}}}, ("sizes", ListItem(1, 1)), True),
    "an item that is missing": ({"f:containers": {}}, ("containers", ListItem("gone", None)), True),
    "an item that is missing from a merged list": (
        {"f:containers": {'k:{"name":"triton"}': {}}},
        ("containers", ListItem("gone", None)),
        False,
    ),
}


@pytest.mark.parametrize(("fields", "steps", "is_owner"), CASES.values(), ids=CASES)
def test_the_manager_of_a_field(fields: dict[str, Any], steps: tuple[Step, ...], is_owner: bool) -> None:  # noqa: FBT001
    live = {"metadata": {"managedFields": [{"manager": "helm", "fieldsV1": {"f:spec": fields}}]}, "spec": SPEC}
    assert field_manager(live, ("spec", *steps)) == ("helm" if is_owner else "")


def test_the_operator_and_writers_of_subresources_do_not_count() -> None:
    fields = {"f:spec": {"f:replicas": {}}}
    entries = [
        {"manager": FIELD_MANAGER, "fieldsV1": fields},
        {"manager": "scaler", "subresource": "scale", "fieldsV1": fields},
    ]
    assert field_manager({"metadata": {"managedFields": entries}, "spec": SPEC}, ("spec", "replicas")) == ""


def test_of_several_managers_the_last_writer_is_named() -> None:
    entries = [
        {"manager": manager, "time": time, "fieldsV1": {"f:spec": {"f:replicas": {}}}}
        for manager, time in (("helm", "2026-01-01T00:00:01Z"), ("kubectl", "2026-01-01T00:00:02Z"))
    ]
    assert field_manager({"metadata": {"managedFields": entries}, "spec": SPEC}, ("spec", "replicas")) == "kubectl"


def test_a_cached_deployment_keeps_who_has_paused_it() -> None:
    live = deployment(1)
    paused = {"f:spec": {"f:paused": {}, "f:replicas": {}}}
    live["metadata"]["managedFields"] = [
        {"manager": "kubectl-rollout", "time": "2026-01-01T00:00:00Z", "fieldsV1": paused},
        {"manager": "helm", "time": "2026-01-01T00:00:00Z", "fieldsV1": {"f:spec": {"f:replicas": {}}}},
    ]
    [entry] = pause_entries(live)
    assert (entry["manager"], entry["fieldsV1"]) == ("kubectl-rollout", {"f:spec": {"f:paused": {}}})
    assert pause_entries(live | {"kind": "Service"}) == []
