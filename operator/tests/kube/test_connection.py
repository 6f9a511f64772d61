"""The connection authenticates, maps errors, reuses connections and sends no write that the Lease does not permit."""

import asyncio
import time
from collections.abc import Iterator

import pytest
from aiohttp import web
from sd_harness.control_plane.fake_api_server import configuration, connected, connection_to, hang
from sd_harness.services.live_objects import deployment
from sd_operator.kube.connection import Connection, Request
from sd_operator.kube.errors import LeaseLostError, UnavailableError
from sd_operator.metrics import Metrics
from sd_operator.resources import PODS


async def test_requests_are_authenticated_and_counted_by_status() -> None:
    async with connection_to() as (connection, server, metrics):
        await connection.send(Request("GET", "/api"))
        assert server.headers[0]["User-Agent"] == "operator (me)"
        assert server.headers[0]["Authorization"] == "Bearer abc"
        assert 'rest_client_requests_total{code="200",host="http://127.0.0.1' in metrics.render().decode()


@pytest.mark.parametrize("checks", [1, 2])
async def test_a_write_is_not_sent_if_the_lease_expires_before_its_first_byte(checks: int) -> None:
    """As in a process that is suspended while it waits for its connection."""
    remaining_s: Iterator[float] = iter([5.0] * checks)
    async with connected(lease_remaining_s=lambda: next(remaining_s, 0.0)) as (kube, server, _):
        with pytest.raises(LeaseLostError):
            await kube.apply(deployment(1))
        assert server.requests == []
        with pytest.raises(LeaseLostError):
            await kube.delete(deployment(1))
        assert server.requests == []


async def test_a_write_in_flight_times_out_when_the_lease_expires() -> None:
    async with connected(hang, lease_remaining_s=lambda: 0.2) as (kube, _, _):
        started_s = time.monotonic()
        with pytest.raises(UnavailableError, match="failed: no response within 0 s"):
            await kube.apply(deployment(1))
        assert time.monotonic() - started_s < 2


async def test_concurrent_requests_reuse_their_connections() -> None:
    async with connected() as (kube, server, _):
        for _ in range(3):
            await asyncio.gather(*(kube.apply(deployment(number)) for number in range(7)))
        assert len(server.requests) == 21
        assert len(server.connections) == 7


async def test_a_response_that_is_not_json_makes_the_api_server_unavailable() -> None:
    async def page(_request: web.Request) -> web.StreamResponse:
        return web.Response(text="<html>Welcome</html>")

    async with connected(page) as (kube, _, _):
        with pytest.raises(UnavailableError, match="returned a response that is not JSON"):
            await kube.list(PODS)


async def test_a_refused_connection_makes_the_api_server_unavailable_and_is_counted() -> None:
    metrics = Metrics()
    connection = Connection(configuration("http://127.0.0.1:1"), metrics)
    with pytest.raises(UnavailableError, match="GET /api failed: "):
        await connection.send(Request("GET", "/api"))
    await connection.close()
    assert 'rest_client_requests_total{code="<error>",host="http://127.0.0.1:1",method="GET"} 1.0' in (
        metrics.render().decode()
    )
