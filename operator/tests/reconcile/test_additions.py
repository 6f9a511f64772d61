"""What others add to a child is told by who owns it; labels, defaults and emptiness are nobody's business."""

from typing import Any

import pytest
from sd_operator.reconcile.drift.additions import additions
from sd_operator.resources import FIELD_MANAGER

CONTAINER = 'k:{"name":"sidecar"}'
OURS = 'k:{"name":"triton"}'

CASES: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any], list[str]]] = {
    "a field": ({"f:paused": {}}, {"paused": True}, {}, ["/spec/paused"]),
    "a field that is wanted, too": ({"f:replicas": {}}, {"replicas": 1}, {"replicas": 1}, []),
    "a field that has gone again": ({"f:paused": {}}, {}, {}, []),
    "a field that says nothing": ({"f:paused": {}, "f:x": {}}, {"paused": False, "x": {}}, {}, []),
    "an item found by its name": (
        {"f:containers": {CONTAINER: {".": {}, "f:name": {}, "f:image": {}}}},
        {"containers": [{"name": "triton"}, {"name": "sidecar", "image": "x"}]},
        {"containers": [{"name": "triton"}]},
        ["/spec/containers/1"],
    ),
    "a field of an item of ours": (
        {"f:containers": {OURS: {"f:command": {}}}},
        {"containers": [{"name": "triton", "command": ["sh"]}]},
        {"containers": [{"name": "triton"}]},
        ["/spec/containers/0/command"],
    ),
    "the later item first": (
        {"f:ports": {'k:{"port":1}': {"f:port": {}}, 'k:{"port":2}': {"f:port": {}}}},
        {"ports": [{"port": 1}, {"port": 2}, {"port": 3}]},
        {"ports": [{"port": 3}]},
        ["/spec/ports/1", "/spec/ports/0"],
    ),
    "an item of ours without the default that it is found by": (
        {"f:ports": {'k:{"port":1,"protocol":"TCP"}': {"f:port": {}}}},
        {"ports": [{"port": 1, "protocol": "TCP"}]},
        {"ports": [{"port": 1}]},
        [],
    ),
    "an item of a set": ({"f:sizes": {"v:2": {}}}, {"sizes": [1, 2]}, {"sizes": [1]}, ["/spec/sizes/1"]),
    "a restart": (
        {"f:template": {"f:metadata": {"f:annotations": {"f:kubectl.kubernetes.io/restartedAt": {}}}}},
        {"template": {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": "now"}}}},
        {"template": {"metadata": {}}},
        [],
    ),
    "a name with a slash": ({"f:a/b~": {}}, {"a/b~": 1}, {}, ["/spec/a~1b~0"]),
}  # fmt: skip


@pytest.mark.parametrize(("fields", "spec", "wanted", "pointers"), CASES.values(), ids=CASES)
def test_additions(fields: dict[str, Any], spec: dict[str, Any], wanted: dict[str, Any], pointers: list[str]) -> None:
    entry = {"manager": "kubectl-edit", "fieldsV1": {"f:spec": fields}}
    assert additions({"metadata": {"managedFields": [entry]}, "spec": spec}, {"spec": wanted}) == pointers


@pytest.mark.parametrize(
    "entry",
    [
        {"manager": FIELD_MANAGER, "fieldsV1": {"f:spec": {"f:paused": {}}}},
        {"manager": "kubectl", "subresource": "scale", "fieldsV1": {"f:spec": {"f:paused": {}}}},
        {"manager": "kubectl", "fieldsV1": {"f:metadata": {"f:labels": {"f:x": {}}}, "f:secrets": {}}},
    ],
    ids=["our own", "a subresource's", "metadata and pull secrets"],
)
def test_what_is_no_addition(entry: dict[str, Any]) -> None:
    live = {"metadata": {"managedFields": [entry], "labels": {"x": "y"}}, "spec": {"paused": True}, "secrets": [{}]}
    assert additions(live, {"spec": {}}) == []
