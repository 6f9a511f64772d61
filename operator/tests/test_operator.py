"""The operator's components work together: it becomes ready, acquires the Lease, and releases it when it stops."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from sd_harness.control_plane.fake_api_server import configuration
from sd_harness.control_plane.fake_watch_server import FakeWatchServer, fake_watch_server
from sd_harness.control_plane.processes import free_port
from sd_operator.leader.election import holder_identity
from sd_operator.operator import Operator
from sd_operator.settings import Settings


@pytest.fixture
async def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FakeWatchServer]:
    """An API server without any objects."""
    async with fake_watch_server() as running:
        monkeypatch.setenv("KUBECONFIG", str(running.kubeconfig(tmp_path)))
        yield running


async def page(port: int, path: str) -> tuple[int, str]:
    """Status and body of one of the operator's endpoints; status 0 before they are served."""
    try:
        async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}{path}") as response:
            return response.status, await response.text()
    except aiohttp.ClientError:
        return 0, ""


async def wait_for(port: int, path: str, status: int, text: str = "") -> None:
    """Wait until an endpoint returns this status and a body that contains the text."""
    response = (0, "")
    for _ in range(400):
        response = await page(port, path)
        if response[0] == status and text in response[1]:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"{path}: not within 20 s; last response: {response}")


async def test_the_operator_becomes_ready_and_holds_the_lease_until_it_stops(server: FakeWatchServer) -> None:
    port, stop = free_port(), asyncio.Event()
    environment = {"SD_SERVER_IMAGE": "server:1", "SD_HEALTH_PORT": str(port), "SD_IDENTITY": "operator-1"}
    operator = Operator(Settings.from_environment(environment), configuration(server.url))
    running = asyncio.create_task(operator.run(stop))
    await wait_for(port, "/readyz", 200)
    assert (await page(port, "/healthz"))[0] == 200
    await wait_for(port, "/metrics", 200, 'leader_election_master_status{name="sd-triton-operator"} 1.0')
    assert holder_identity(server.leases[-1]) == "operator-1"
    stop.set()
    await asyncio.wait_for(running, 20)
    assert holder_identity(server.leases[-1]) == ""
    assert await page(port, "/readyz") == (0, "")
