"""An apply without `replicas` keeps the number that another client has set, except after they were removed."""

import json

import pytest
from sd_harness.control_plane.operator_testbed import OperatorTestbed
from sd_harness.services.service_specs import DEMO, with_demo

SERVER_SIDE = ("--server-side", "--field-manager=team")


def apply(testbed: OperatorTestbed, spec: dict[str, object], *flags: str) -> None:
    """Apply the service with kubectl."""
    manifest = testbed.manifest(spec)
    testbed.plane.kubectl("apply", "-f", "-", *flags, stdin=json.dumps(manifest))


def scale_to_3(testbed: OperatorTestbed) -> None:
    """Scale the service as an autoscaler does."""
    testbed.kubectl("scale", "diar/demo", "--replicas=3")
    testbed.eventually("deployment", lambda seen: seen["spec"]["replicas"] == 3)


@pytest.mark.parametrize("flags", [(), SERVER_SIDE], ids=["client-side", "server-side"])
def test_a_manifest_without_replicas_does_not_change_them(testbed: OperatorTestbed, flags: tuple[str, ...]) -> None:
    apply(testbed, DEMO, *flags)
    scale_to_3(testbed)
    apply(testbed, with_demo(serving={"adapters": 3}), *flags)
    testbed.wait_for_adapters(3)
    assert (testbed.get("diar") or {})["spec"]["replicas"] == 3


def test_removing_replicas_from_a_manifest_sets_them_to_one(testbed: OperatorTestbed) -> None:
    apply(testbed, with_demo(replicas=2))
    scale_to_3(testbed)
    apply(testbed, DEMO)
    testbed.eventually("deployment", lambda seen: seen["spec"]["replicas"] == 1)


def test_removing_replicas_with_server_side_apply_keeps_the_number_of_the_scaler(testbed: OperatorTestbed) -> None:
    apply(testbed, with_demo(replicas=2), *SERVER_SIDE)
    scale_to_3(testbed)
    apply(testbed, with_demo(serving={"adapters": 3}), *SERVER_SIDE)
    testbed.wait_for_adapters(3)
    assert (testbed.get("diar") or {})["spec"]["replicas"] == 3
