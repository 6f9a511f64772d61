"""What an apply without `replicas` does to a service that something else has scaled."""

import json

import pytest
from sd_harness.control_plane.operator_bench import Bench
from sd_harness.services.service_specs import DEMO, with_demo

SERVER_SIDE = ("--server-side", "--field-manager=team")


def apply(bench: Bench, spec: dict[str, object], *flags: str) -> None:
    """Applies the service as people do."""
    manifest = bench.manifest(spec)
    bench.plane.kubectl("apply", "-f", "-", *flags, stdin=json.dumps(manifest))


def scaled_to_3(bench: Bench) -> None:
    """What an autoscaler does."""
    bench.kubectl("scale", "diar/demo", "--replicas=3")
    bench.eventually("deployment", lambda seen: seen["spec"]["replicas"] == 3)


@pytest.mark.parametrize("flags", [(), SERVER_SIDE], ids=["client-side", "server-side"])
def test_a_manifest_that_never_named_replicas_leaves_them_alone(bench: Bench, flags: tuple[str, ...]) -> None:
    apply(bench, DEMO, *flags)
    scaled_to_3(bench)
    apply(bench, with_demo(serving={"adapters": 3}), *flags)
    bench.adapters_are(3)
    assert (bench.get("diar") or {})["spec"]["replicas"] == 3


def test_taking_replicas_out_of_a_manifest_sets_them_to_one(bench: Bench) -> None:
    apply(bench, with_demo(replicas=2))
    scaled_to_3(bench)
    apply(bench, DEMO)
    bench.eventually("deployment", lambda seen: seen["spec"]["replicas"] == 1)


def test_taking_them_out_on_the_server_side_leaves_what_the_scaler_has_set(bench: Bench) -> None:
    apply(bench, with_demo(replicas=2), *SERVER_SIDE)
    scaled_to_3(bench)
    apply(bench, with_demo(serving={"adapters": 3}), *SERVER_SIDE)
    bench.adapters_are(3)
    assert (bench.get("diar") or {})["spec"]["replicas"] == 3
