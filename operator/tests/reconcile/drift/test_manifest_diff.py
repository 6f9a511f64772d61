"""A live object contains a manifest if it has every field of it, in whatever notation the API server returns."""

from typing import Any

import pytest
from sd_operator.reconcile.drift.manifest_diff import contains, differences

SPREAD = {"topologyKey": "zone", "whenUnsatisfiable": "a"}

CASES: dict[str, tuple[Any, Any, bool]] = {
    "equal": ({"a": 1}, {"a": 1}, True),
    "defaults added": ({"a": 1, "dnsPolicy": "ClusterFirst"}, {"a": 1}, True),
    "value differs": ({"a": 1}, {"a": 2}, False),
    "field missing": ({}, {"a": 1}, False),
    "zero is not absent": ({}, {"replicas": 0}, False),
    "false is not absent": ({}, {"automountServiceAccountToken": False}, False),
    "empty object is absent": ({}, {"emptyDir": {}}, True),
    "nested": ({"spec": {"x": {"y": 1, "z": 2}}}, {"spec": {"x": {"y": 1}}}, True),
    "items by name": ([{"name": "b", "v": 1}, {"name": "a", "v": 2}], [{"name": "a"}, {"name": "b", "v": 1}], True),
    "named item missing": ([{"name": "b"}], [{"name": "a"}], False),
    "item of somebody else": ([{"name": "a"}, {"name": "sidecar"}], [{"name": "a"}], True),
    "a selector that selects less": ({"selector": {"app": "a", "x": "y"}}, {"selector": {"app": "a"}}, False),
    "a selector's labels": (
        {"podSelector": {"matchLabels": {"app": "a", "x": "y"}}},
        {"podSelector": {"matchLabels": {"app": "a"}}},
        False,
    ),
    "no items": ([{"ports": []}], [], False),
    "item without a name beside ours": ([{"name": "a"}, {"other": 1}], [{"name": "a"}], True),
    "plain items in order": (["ALL"], ["ALL"], True),
    "plain items more": (["ALL", "CHOWN"], ["ALL"], False),
    "nameless items": ([{"key": "a", "operator": "Exists"}], [{"key": "a"}], True),
    "spread constraints by their keys": (
        {"topologySpreadConstraints": [{"topologyKey": "zone", "whenUnsatisfiable": "b"}, SPREAD]},
        {"topologySpreadConstraints": [SPREAD]},
        True,
    ),
    "another spread constraint": (
        {"topologySpreadConstraints": [{"topologyKey": "zone", "whenUnsatisfiable": "b"}]},
        {"topologySpreadConstraints": [SPREAD]},
        False,
    ),
    "quantity written otherwise": (
        {"limits": {"memory": "1Gi", "cpu": "1"}},
        {"limits": {"memory": "1024Mi", "cpu": "1000m"}},
        True,
    ),
    "quantity differs": ({"sizeLimit": "1Gi"}, {"sizeLimit": "1Mi"}, False),
    "quantity missing": ({"requests": {}}, {"requests": {"cpu": "1"}}, False),
    "not every text is a quantity": ({"args": ["1024Mi"]}, {"args": ["1Gi"]}, False),
}  # fmt: skip


@pytest.mark.parametrize(("live", "desired", "is_contained"), CASES.values(), ids=CASES)
def test_containment(live: Any, desired: Any, is_contained: bool) -> None:  # noqa: FBT001
    assert contains(live, desired) is is_contained


PATHS: dict[str, tuple[Any, Any, str]] = {
    "a value": ({"spec": {"replicas": 7}}, {"spec": {"replicas": 1}}, "spec.replicas"),
    "of a named item": (
        {"spec": {"ports": [{"name": "http", "port": 1}]}},
        {"spec": {"ports": [{"name": "http", "port": 2}]}},
        "spec.ports[http].port",
    ),
    "of a numbered item": ({"rules": [{"host": "a"}]}, {"rules": [{"host": "b"}]}, "rules[0].host"),
    "a list that is shorter": ({"rules": []}, {"rules": [{"host": "b"}]}, "rules"),
    "a named item that is missing": ({"ports": []}, {"ports": [{"name": "http", "port": 1}]}, "ports[http]"),
}


@pytest.mark.parametrize(("live", "desired", "path"), PATHS.values(), ids=PATHS)
def test_the_field_that_differs_is_named(live: Any, desired: Any, path: str) -> None:
    assert [each.path for each in differences(live, desired)] == [path]


def test_every_field_that_differs_is_listed_with_its_live_value() -> None:
    live = {"spec": {"replicas": 7, "ports": [{"name": "http", "port": 1}]}}
    desired = {"spec": {"replicas": 1, "ports": [{"name": "http", "port": 2}], "paused": False}}
    found = {each.path: each.live for each in differences(live, desired)}
    assert found == {"spec.replicas": 7, "spec.ports[http].port": 1, "spec.paused": None}
