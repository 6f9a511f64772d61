"""API paths of kinds, and the lists of kinds."""

import pytest
from sd_operator.resources import (
    CHILD_KINDS,
    DEPLOYMENTS,
    DIARIZATION_SERVICES,
    PODS,
    RESOURCE_BY_KIND,
    WATCHED_RESOURCES,
    Resource,
)


@pytest.mark.parametrize(
    ("resource", "arguments", "path"),
    [
        (PODS, (), "/api/v1/pods"),
        (PODS, ("default",), "/api/v1/namespaces/default/pods"),
        (DEPLOYMENTS, ("default", "demo"), "/apis/apps/v1/namespaces/default/deployments/demo"),
        (
            DIARIZATION_SERVICES,
            ("default", "demo", "status"),
            "/apis/sd-triton.dev/v1alpha1/namespaces/default/diarizationservices/demo/status",
        ),
    ],
)
def test_path(resource: Resource, arguments: tuple[str, ...], path: str) -> None:
    assert resource.path(*arguments) == path


def test_every_child_kind_is_watched_and_found_by_its_name() -> None:
    assert set(CHILD_KINDS) < set(WATCHED_RESOURCES)
    assert [RESOURCE_BY_KIND[resource.kind] for resource in CHILD_KINDS] == [*CHILD_KINDS]
