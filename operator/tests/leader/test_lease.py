"""A Lease names its holder, counts its transitions, and is written version by version."""

from datetime import UTC, datetime

from aiohttp import web
from sd_harness.control_plane.fake_api_server import connection_to, echo, respond
from sd_operator.leader.election import holder_identity
from sd_operator.leader.lease import LeaseLock, acquired, new_lease, released

MORNING, EVENING = datetime(2026, 1, 1, 8, tzinfo=UTC), datetime(2026, 1, 1, 20, tzinfo=UTC)
OWN = acquired(new_lease("sd-triton", "sd-triton-operator"), "me", MORNING)


def test_a_renewal_keeps_the_acquire_time_and_a_new_holder_counts_as_a_transition() -> None:
    renewed = acquired(OWN, "me", EVENING)["spec"]
    assert (renewed["acquireTime"], renewed["renewTime"]) == (
        "2026-01-01T08:00:00.000000Z",
        "2026-01-01T20:00:00.000000Z",
    )
    other = acquired(OWN, "other", EVENING)["spec"]
    assert (other["holderIdentity"], other["acquireTime"]) == ("other", "2026-01-01T20:00:00.000000Z")
    assert (OWN["spec"]["leaseTransitions"], renewed["leaseTransitions"], other["leaseTransitions"]) == (1, 1, 2)


def test_a_released_lease_has_no_holder_and_keeps_its_transitions() -> None:
    lease = released(OWN)
    assert holder_identity(lease) == ""
    assert lease["spec"]["leaseTransitions"] == 1
    assert holder_identity(OWN) == "me"


async def test_a_lease_is_created_once_and_then_replaced_version_by_version() -> None:
    async def absent(request: web.Request) -> web.StreamResponse:
        return await (respond(404, {"message": "not found"}) if request.method == "GET" else echo)(request)

    async with connection_to(absent) as (connection, server, _):
        lock = LeaseLock(connection, "sd-triton", "operator")
        lease = await lock.read()
        await lock.write(lease)
        await lock.write(lease | {"metadata": lease["metadata"] | {"resourceVersion": "3"}})
    path = "/apis/coordination.k8s.io/v1/namespaces/sd-triton/leases"
    assert [(method, requested) for method, requested, _ in server.requests] == [
        ("GET", f"{path}/operator"), ("POST", path), ("PUT", f"{path}/operator"),
    ]  # fmt: skip
