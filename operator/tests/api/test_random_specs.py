"""Whatever a person may write is rendered, always to the same bytes, and never to something that contradicts itself."""

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from sd_harness.services.golden_services import manifests_of
from sd_harness.services.live_objects import INSTALLATION, service
from sd_harness.services.random_specs import sample, specs
from sd_harness.services.service_specs import Spec
from sd_operator.api.quantities import quantity
from sd_operator.api.spec import DiarizationServiceSpec
from sd_operator.children import desired
from sd_operator.resources import RESOURCE_BY_KIND

PROPERTY = settings(
    max_examples=100, derandomize=True, database=None, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


def written(spec: Spec) -> str:
    """All children, and the Job before them, as bytes."""
    return json.dumps(manifests_of(service(spec)))


def backwards(value: Any) -> Any:
    """The same object with its keys in the other order."""
    if isinstance(value, dict):
        return {key: backwards(value[key]) for key in reversed(value)}
    return [backwards(item) for item in value] if isinstance(value, list) else value


@PROPERTY
@given(specs())
def test_the_same_spec_gives_the_same_bytes(spec: Spec) -> None:
    assert written(spec) == written(json.loads(json.dumps(spec)))


@PROPERTY
@given(specs())
def test_the_order_of_the_keys_means_nothing(spec: Spec) -> None:
    assert json.loads(written(spec)) == json.loads(written(backwards(spec)))


@PROPERTY
@given(specs())
def test_what_was_read_is_what_was_written(spec: Spec) -> None:
    parsed = DiarizationServiceSpec.model_validate(spec)
    assert DiarizationServiceSpec.model_validate(parsed.model_dump(by_alias=True)) == parsed


@PROPERTY
@given(specs())
def test_every_child_is_of_a_kind_that_the_operator_watches(spec: Spec) -> None:
    children = manifests_of(service(spec))
    identities = [(child["apiVersion"], child["kind"], child["metadata"]["name"]) for child in children]
    assert len(identities) == len(set(identities))
    assert all(RESOURCE_BY_KIND[kind].api_version == version for version, kind, _ in identities)


@PROPERTY
@given(specs())
def test_no_container_asks_for_more_than_it_may_have(spec: Spec) -> None:
    [deployment] = [child for child in desired(service(spec), INSTALLATION) if child["kind"] == "Deployment"]
    pod = deployment["spec"]["template"]["spec"]
    for container in pod["initContainers"] + pod["containers"]:
        limits = container["resources"].get("limits", {})
        for name, amount in container["resources"]["requests"].items():
            assert quantity(amount) <= quantity(limits.get(name, amount))


def test_a_sample_is_as_large_as_asked_and_the_same_every_time() -> None:
    assert len(sample(20)) == 20
    assert sample(20) == sample(20)
