"""What an apply without `replicas` does to a service that something else has scaled."""

import json

import pytest
from sd_harness.control_plane.operator_testbed import OperatorTestbed
from sd_harness.services.service_specs import DEMO, with_demo

SERVER_SIDE = ("--server-side", "--field-manager=team")


def apply(testbed: OperatorTestbed, spec: dict[str, object], *flags: str) -> None:
    """Applies the service as people do."""
    manifest = testbed.manifest(spec)
    testbed.plane.kubectl("apply", "-f", "-", *flags, stdin=json.dumps(manifest))


def scaled_to_3(testbed: OperatorTestbed) -> None:
    """What an autoscaler does."""
    testbed.kubectl("scale", "diar/demo", "--replicas=3")
    testbed.eventually("deployment", lambda seen: seen["spec"]["replicas"] == 3)


@pytest.mark.parametrize("flags", [(), SERVER_SIDE], ids=["client-side", "server-side"])
def test_a_manifest_that_never_named_replicas_leaves_them_alone(
    testbed: OperatorTestbed, flags: tuple[str, ...]
) -> None:
    apply(testbed, DEMO, *flags)
    scaled_to_3(testbed)
    apply(testbed, with_demo(serving={"adapters": 3}), *flags)
    testbed.wait_for_adapters(3)
    assert (testbed.get("diar") or {})["spec"]["replicas"] == 3


def test_taking_replicas_out_of_a_manifest_sets_them_to_one(testbed: OperatorTestbed) -> None:
    apply(testbed, with_demo(replicas=2))
    scaled_to_3(testbed)
    apply(testbed, DEMO)
    testbed.eventually("deployment", lambda seen: seen["spec"]["replicas"] == 1)


def test_taking_them_out_on_the_server_side_leaves_what_the_scaler_has_set(testbed: OperatorTestbed) -> None:
    apply(testbed, with_demo(replicas=2), *SERVER_SIDE)
    scaled_to_3(testbed)
    apply(testbed, with_demo(serving={"adapters": 3}), *SERVER_SIDE)
    testbed.wait_for_adapters(3)
    assert (testbed.get("diar") or {})["spec"]["replicas"] == 3
