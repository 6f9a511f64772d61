"""Requests to an API server that a test plays: what is sent, what is never sent, and what an answer means."""

import asyncio
import json
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from kubernetes.aio import client
from sd_harness.services.live_objects import deployment, pod
from sd_operator.kube.connection import Connection, Request, always
from sd_operator.kube.errors import AlreadyExistsError, LeaseLostError, RejectedError, UnavailableError
from sd_operator.kube.rest_client import RestKubeClient
from sd_operator.leader.lease_store import KubeLeases
from sd_operator.metrics import Metrics
from sd_operator.resources import DEPLOYMENTS, PODS, SCALED_OBJECTS

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class PlayedServer:
    """Remembers what it was asked, and answers as the test says."""

    def __init__(self, answer: Answer) -> None:
        self.seen: list[tuple[str, str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.connections: set[Any] = set()
        self._answer = answer

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.text()
        self.seen.append((request.method, request.path_qs, json.loads(body) if body else None))
        self.headers.append(dict(request.headers))
        self.connections.add(request.transport)
        return await self._answer(request)


async def echo(request: web.Request) -> web.StreamResponse:
    """The object as it was sent."""
    return web.json_response(text=await request.text() or "{}")


def saying(status: int, body: Any) -> Answer:
    """Always the same answer."""

    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.json_response(body, status=status)

    return answer


async def silence(_request: web.Request) -> web.StreamResponse:
    """No answer within any time that a test waits."""
    await asyncio.sleep(30)
    return web.Response()


@asynccontextmanager
async def played(
    answer: Answer = echo, remaining_s: Callable[[], float] = always, namespaces: tuple[str, ...] = ()
) -> AsyncIterator[tuple[RestKubeClient, PlayedServer, Metrics]]:
    """A client of a server that is played."""
    server, metrics = PlayedServer(answer), Metrics()
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", server.handle)
    async with TestServer(application) as running:
        configuration = client.Configuration()
        settings: Any = configuration
        settings.host, settings.api_key = str(running.make_url("")), {"BearerToken": "Bearer abc"}
        connection = Connection(configuration, metrics, "operator (me)")
        yield RestKubeClient(connection, metrics, remaining_s=remaining_s, namespaces=namespaces), server, metrics
        await connection.close()


async def test_an_apply_is_one_patch_by_our_name() -> None:
    async with played() as (kube, server, metrics):
        assert await kube.apply(deployment(1)) == deployment(1)
        assert server.seen == [
            (
                "PATCH",
                "/apis/apps/v1/namespaces/default/deployments/demo?fieldManager=sd-triton-operator&force=true",
                deployment(1),
            )
        ]
        assert server.headers[0]["Content-Type"] == "application/apply-patch+yaml"
        assert server.headers[0]["User-Agent"] == "operator (me)"
        assert server.headers[0]["Authorization"] == "Bearer abc"
        page = metrics.render().decode()
    assert 'sd_operator_writes_total{kind="Deployment",verb="apply"} 1.0' in page
    assert 'rest_client_requests_total{code="200",host="http://127.0.0.1' in page


NEW = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "demo", "namespace": "default"}}
OF_NO_VERSION = NEW | {"metadata": {"name": "demo", "namespace": "default", "resourceVersion": "1"}}


async def test_what_is_new_is_applied_to_a_version_that_no_object_has() -> None:
    async with played() as (kube, server, _):
        await kube.apply_if_absent(NEW)
        assert [(method, body) for method, _, body in server.seen] == [("PATCH", OF_NO_VERSION)]


def in_the_way(*, stays: bool) -> Answer:
    """A server that has an object of that name, for ever or until it is asked for it."""
    there = [deployment(3)]

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.method == "GET":
            found = there[0] if stays else there.pop() and None
            return web.json_response(found or {}, status=200 if found else 404)
        return web.json_response(text=await request.text(), status=409 if there else 201)

    return answer


async def test_what_is_there_already_is_not_touched() -> None:
    async with played(in_the_way(stays=True)) as (kube, server, _):
        with pytest.raises(AlreadyExistsError) as refusal:
            await kube.apply_if_absent(NEW)
        assert refusal.value.live == deployment(3)
        assert [method for method, _, _ in server.seen] == ["PATCH", "GET"]


async def test_where_it_has_gone_in_the_meantime_it_is_made_and_still_takes_nothing_over() -> None:
    async with played(in_the_way(stays=False)) as (kube, server, _):
        await kube.apply_if_absent(NEW)
        assert [(method, body) for method, _, body in server.seen] == [
            ("PATCH", OF_NO_VERSION), ("GET", None), ("PATCH", OF_NO_VERSION)
        ]  # fmt: skip


async def test_an_annotation_is_for_that_very_object() -> None:
    async with played() as (kube, server, _):
        await kube.annotate(pod(), {"cost": "7"})
    [(method, path, body)] = server.seen
    assert (method, path.partition("?")[0]) == ("PATCH", "/api/v1/namespaces/default/pods/demo-1")
    assert body == {"metadata": {"uid": "uid-demo-1", "annotations": {"cost": "7"}}}
    assert server.headers[0]["Content-Type"] == "application/merge-patch+json"


async def test_fields_are_taken_out_of_what_was_seen_and_of_nothing_newer() -> None:
    seen = {"op": "replace", "path": "/metadata/resourceVersion", "value": "1"}
    async with played() as (kube, server, _):
        assert await kube.remove_fields(deployment(3), ["/spec/paused"])
        [(method, _, body)] = server.seen
        assert (method, body) == ("PATCH", [seen, {"op": "remove", "path": "/spec/paused"}])
        assert server.headers[0]["Content-Type"] == "application/json-patch+json"
    async with played(saying(409, {"message": "the object has been modified"})) as (kube, _, _):
        assert await kube.remove_fields(deployment(3), ["/spec/paused"]) is None


async def test_what_exists_already_is_not_created_and_no_error() -> None:
    event = {"apiVersion": "v1", "kind": "Event", "metadata": {"name": "demo.1", "namespace": "default"}}
    async with played() as (kube, server, _):
        assert await kube.create(event)
        assert server.seen[0][:2] == ("POST", "/api/v1/namespaces/default/events?fieldManager=sd-triton-operator")
    async with played(saying(409, {"message": "already exists"})) as (kube, _, _):
        assert not await kube.create(event)


async def test_nothing_is_sent_or_counted_without_the_lease() -> None:
    async with played(remaining_s=lambda: 0.0) as (kube, server, metrics):
        for write in (kube.apply, kube.apply_status, kube.create, kube.delete):
            with pytest.raises(LeaseLostError):
                await write(deployment(1))
        with pytest.raises(LeaseLostError):
            await kube.annotate(pod(), {})
        assert await kube.get(PODS, "default", "demo-1") is not None
        assert [method for method, _, _ in server.seen] == ["GET"]
        assert "sd_operator_writes_total{" not in metrics.render().decode()


@pytest.mark.parametrize("checks", [1, 2])
async def test_a_write_whose_time_ended_before_its_first_byte_is_not_sent(checks: int) -> None:
    """As in a process that was frozen while it waited for its connection."""
    left_s: Iterator[float] = iter([5.0] * checks)
    async with played(remaining_s=lambda: next(left_s, 0.0)) as (kube, server, _):
        with pytest.raises(LeaseLostError):
            await kube.apply(deployment(1))
        assert server.seen == []
        with pytest.raises(LeaseLostError):
            await kube.delete(deployment(1))
        assert server.seen == []


async def test_a_write_is_given_up_when_the_lease_runs_out() -> None:
    async with played(silence, remaining_s=lambda: 0.2) as (kube, _, _):
        began_s = time.monotonic()
        with pytest.raises(UnavailableError, match="got no answer: none within"):
            await kube.apply(deployment(1))
        assert time.monotonic() - began_s < 2


async def test_requests_side_by_side_keep_their_connections() -> None:
    async with played() as (kube, server, _):
        for _ in range(3):
            await asyncio.gather(*(kube.apply(deployment(number)) for number in range(7)))
        assert len(server.seen) == 21
        assert len(server.connections) == 7


@pytest.mark.parametrize(
    ("status", "body", "error", "sentence"),
    [
        (403, {"message": "pods is forbidden"}, RejectedError, "pods is forbidden"),
        (422, {"message": "is invalid"}, RejectedError, "is invalid"),
        (429, {"message": "too many requests"}, UnavailableError, "too many requests"),
        (500, "<html>", UnavailableError, "the API server answered HTTP 500 Internal Server Error"),
        (503, {}, UnavailableError, "the API server answered HTTP 503 Service Unavailable"),
        (410, {"message": "too old"}, RejectedError, "too old"),
    ],
)
async def test_an_answer_is_a_refusal_or_asks_to_come_back(
    status: int, body: Any, error: type[Exception], sentence: str
) -> None:
    async with played(saying(status, body)) as (kube, _, _):
        with pytest.raises(error, match=sentence):
            await kube.apply(deployment(1))


async def test_an_answer_of_something_in_front_of_the_api_server_is_none() -> None:
    async def page(_request: web.Request) -> web.StreamResponse:
        return web.Response(text="<html>Welcome</html>")

    async with played(page) as (kube, _, _):
        with pytest.raises(UnavailableError, match="was answered by something else"):
            await kube.list(PODS)


async def test_a_server_that_is_not_there_is_unreachable() -> None:
    configuration = client.Configuration()
    settings: Any = configuration
    settings.host = "http://127.0.0.1:1"
    connection = Connection(configuration, Metrics())
    with pytest.raises(UnavailableError, match="GET /api got no answer"):
        await connection.send(Request("GET", "/api"))
    await connection.close()


async def test_an_object_that_is_not_there_is_none_and_its_removal_no_error() -> None:
    async with played(saying(404, {"message": "not found"})) as (kube, server, _):
        assert await kube.get(PODS, "default", "gone") is None
        await kube.delete(pod())
        assert server.seen[-1][2]["preconditions"] == {"uid": "uid-demo-1"}
        assert await kube.serves("keda.sh/v1alpha1") == frozenset()


async def test_a_list_is_read_in_pages_and_its_items_say_what_they_are() -> None:
    async def page(request: web.Request) -> web.StreamResponse:
        more = "" if "continue" in request.query else "next"
        metadata = {"resourceVersion": "7", "continue": more}
        return web.json_response({"metadata": metadata, "items": [{"metadata": {"name": more}}]})

    async with played(page) as (kube, server, _):
        listing = await kube.list(DEPLOYMENTS, "a=b")
        assert [path for _, path, _ in server.seen] == [
            "/apis/apps/v1/deployments?limit=500&labelSelector=a%3Db",
            "/apis/apps/v1/deployments?limit=500&labelSelector=a%3Db&continue=next",
        ]
    assert listing.resource_version == 7
    assert [item["kind"] for item in listing.items] == ["Deployment", "Deployment"]


async def test_the_lists_of_several_namespaces_are_as_old_as_the_oldest() -> None:
    async def page(request: web.Request) -> web.StreamResponse:
        namespace = request.path.split("/")[4]
        version = {"a": "9", "b": "5"}[namespace]
        return web.json_response(
            {"metadata": {"resourceVersion": version}, "items": [{"metadata": {"name": namespace}}]}
        )

    async with played(page, namespaces=("a", "b")) as (kube, _, _):
        listing = await kube.list(PODS)
    assert listing.resource_version == 5
    assert [item["metadata"]["name"] for item in listing.items] == ["a", "b"]


@pytest.mark.parametrize(("status", "expected"), [(200, True), (403, False)])
async def test_the_right_to_read_a_kind_is_found_out_by_reading(status: int, expected: bool) -> None:  # noqa: FBT001
    async with played(saying(status, {"message": "no"})) as (kube, server, _):
        assert await kube.may_list(SCALED_OBJECTS) is expected
    assert server.seen[0][1] == "/apis/keda.sh/v1alpha1/scaledobjects?limit=1"


async def test_a_lease_is_made_once_and_then_replaced_version_by_version() -> None:
    async def absent(request: web.Request) -> web.StreamResponse:
        return await (saying(404, {"message": "not found"}) if request.method == "GET" else echo)(request)

    async with played(absent) as (kube, server, _):
        leases = KubeLeases(kube._connection, "sd-triton", "operator")
        lease = await leases.read()
        await leases.write(lease)
        await leases.write(lease | {"metadata": lease["metadata"] | {"resourceVersion": "3"}})
    place = "/apis/coordination.k8s.io/v1/namespaces/sd-triton/leases"
    assert [(method, path) for method, path, _ in server.seen] == [
        ("GET", f"{place}/operator"), ("POST", place), ("PUT", f"{place}/operator"),
    ]  # fmt: skip
    assert math.isinf(always())
