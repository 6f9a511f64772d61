"""The REST client sends the requests that Kubernetes documents, and maps their responses."""

from typing import Any

import pytest
from aiohttp import web
from sd_harness.control_plane.fake_api_server import Responder, connected, respond
from sd_harness.services.live_objects import deployment, pod
from sd_operator.kube.errors import AlreadyExistsError, LeaseLostError
from sd_operator.resources import DEPLOYMENTS, PODS, SCALED_OBJECTS

NEW = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "demo", "namespace": "default"}}
CONDITIONAL = NEW | {"metadata": {"name": "demo", "namespace": "default", "resourceVersion": "1"}}


async def test_an_apply_is_one_forced_patch_with_our_field_manager() -> None:
    async with connected() as (kube, server, metrics):
        assert await kube.apply(deployment(1)) == deployment(1)
        assert server.requests == [
            (
                "PATCH",
                "/apis/apps/v1/namespaces/default/deployments/demo?fieldManager=sd-triton-operator&force=true",
                deployment(1),
            )
        ]
        assert server.headers[0]["Content-Type"] == "application/apply-patch+yaml"
        page = metrics.render().decode()
    assert 'sd_operator_writes_total{kind="Deployment",verb="apply"} 1.0' in page


async def test_a_new_object_is_applied_with_a_resource_version_that_no_object_has() -> None:
    async with connected() as (kube, server, _):
        await kube.apply_if_absent(NEW)
        assert [(method, body) for method, _, body in server.requests] == [("PATCH", CONDITIONAL)]


def conflicting(*, remains: bool) -> Responder:
    """A server with an object of the same name, permanently or until the first GET."""
    stored = [deployment(3)]

    async def responder(request: web.Request) -> web.StreamResponse:
        if request.method == "GET":
            found = stored[0] if remains else stored.pop() and None
            return web.json_response(found or {}, status=200 if found else 404)
        return web.json_response(text=await request.text(), status=409 if stored else 201)

    return responder


async def test_an_existing_object_is_not_taken_over() -> None:
    async with connected(conflicting(remains=True)) as (kube, server, _):
        with pytest.raises(AlreadyExistsError) as raised:
            await kube.apply_if_absent(NEW)
        assert raised.value.live == deployment(3)
        assert [method for method, _, _ in server.requests] == ["PATCH", "GET"]


async def test_the_apply_is_repeated_conditionally_if_the_existing_object_was_deleted() -> None:
    async with connected(conflicting(remains=False)) as (kube, server, _):
        await kube.apply_if_absent(NEW)
        assert [(method, body) for method, _, body in server.requests] == [
            ("PATCH", CONDITIONAL), ("GET", None), ("PATCH", CONDITIONAL)
        ]  # fmt: skip


async def test_an_annotation_is_set_only_on_the_object_with_the_same_uid() -> None:
    async with connected() as (kube, server, _):
        await kube.annotate(pod(), {"cost": "7"})
    [(method, path, body)] = server.requests
    assert (method, path.partition("?")[0]) == ("PATCH", "/api/v1/namespaces/default/pods/demo-1")
    assert body == {"metadata": {"uid": "uid-demo-1", "annotations": {"cost": "7"}}}
    assert server.headers[0]["Content-Type"] == "application/merge-patch+json"


async def test_creating_an_existing_object_is_no_error() -> None:
    event = {"apiVersion": "v1", "kind": "Event", "metadata": {"name": "demo.1", "namespace": "default"}}
    async with connected() as (kube, server, _):
        assert await kube.create(event)
        assert server.requests[0][:2] == ("POST", "/api/v1/namespaces/default/events?fieldManager=sd-triton-operator")
    async with connected(respond(409, {"message": "already exists"})) as (kube, _, _):
        assert not await kube.create(event)


async def test_no_write_is_sent_or_counted_without_the_lease() -> None:
    async with connected(lease_remaining_s=lambda: 0.0) as (kube, server, metrics):
        for write in (kube.apply, kube.apply_status, kube.create, kube.delete):
            with pytest.raises(LeaseLostError):
                await write(deployment(1))
        with pytest.raises(LeaseLostError):
            await kube.annotate(pod(), {})
        assert await kube.get(PODS, "default", "demo-1") is not None
        assert [method for method, _, _ in server.requests] == ["GET"]
        assert "sd_operator_writes_total{" not in metrics.render().decode()


async def test_a_missing_object_is_none_and_its_deletion_no_error() -> None:
    async with connected(respond(404, {"message": "not found"})) as (kube, server, _):
        assert await kube.get(PODS, "default", "gone") is None
        await kube.delete(pod())
        assert server.requests[-1][2]["preconditions"] == {"uid": "uid-demo-1"}
        assert await kube.served_resources("keda.sh/v1alpha1") == frozenset()


async def test_a_list_is_read_in_pages_and_its_items_get_api_version_and_kind() -> None:
    async def page(request: web.Request) -> web.StreamResponse:
        token = "" if "continue" in request.query else "next"
        metadata = {"resourceVersion": "7", "continue": token}
        return web.json_response({"metadata": metadata, "items": [{"metadata": {"name": token}}]})

    async with connected(page) as (kube, server, _):
        listing = await kube.list(DEPLOYMENTS, "a=b")
        assert [path for _, path, _ in server.requests] == [
            "/apis/apps/v1/deployments?limit=500&labelSelector=a%3Db",
            "/apis/apps/v1/deployments?limit=500&labelSelector=a%3Db&continue=next",
        ]
    assert listing.resource_version == 7
    assert [(item["apiVersion"], item["kind"]) for item in listing.items] == [("apps/v1", "Deployment")] * 2


async def test_the_list_of_several_namespaces_has_the_oldest_resource_version() -> None:
    async def page(request: web.Request) -> web.StreamResponse:
        namespace = request.path.split("/")[4]
        version = {"a": "9", "b": "5"}[namespace]
        items = [{"metadata": {"name": namespace}}]
        return web.json_response({"metadata": {"resourceVersion": version}, "items": items})

    async with connected(page, namespaces=("a", "b")) as (kube, _, _):
        listing = await kube.list(PODS)
    assert listing.resource_version == 5
    assert [item["metadata"]["name"] for item in listing.items] == ["a", "b"]


@pytest.mark.parametrize(("status", "expected"), [(200, True), (403, False)])
async def test_the_permission_to_list_a_kind_is_determined_by_listing_one_item(status: int, expected: Any) -> None:
    async with connected(respond(status, {"message": "no"})) as (kube, server, _):
        assert await kube.can_list(SCALED_OBJECTS) is expected
    assert server.requests[0][1] == "/apis/keda.sh/v1alpha1/scaledobjects?limit=1"
