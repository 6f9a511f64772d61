"""KubeClient over HTTP: read, server-side apply, delete."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from http import HTTPStatus

from sd_operator.kube.client import Listing
from sd_operator.kube.connection import APPLY, JSON_PATCH, MERGE, Connection, RemainingS, Request, always
from sd_operator.kube.errors import AlreadyExistsError, LeaseLostError, RejectedError
from sd_operator.metrics import Metrics
from sd_operator.resources import EVENTS, FIELD_MANAGER, RESOURCE_BY_KIND, Manifest, Resource

PAGE = 500
LIST_TIMEOUT_S = 30
AS_US = {"fieldManager": FIELD_MANAGER}
NOBODYS_VERSION = "1"
"""A resourceVersion that no object has: etcd counts its first write as the second."""


class RestKubeClient:
    """`KubeClient` over a connection. `namespaces` are those that are watched, all where there are none.

    Writes are sent for as long as `remaining_s` is above zero, and given up when it is not: by the time another
    operator may write, nothing of this one is under way.
    """

    def __init__(
        self,
        connection: Connection,
        metrics: Metrics,
        *,
        remaining_s: RemainingS = always,
        namespaces: tuple[str, ...] = (),
    ) -> None:
        self._connection = connection
        self._metrics = metrics
        self._remaining_s = remaining_s
        self._namespaces = namespaces or ("",)

    async def get(self, resource: Resource, namespace: str, name: str) -> Manifest | None:
        try:
            return await self._connection.send(Request("GET", resource.path(namespace, name)))
        except RejectedError as refusal:
            if refusal.status != HTTPStatus.NOT_FOUND:
                raise
            return None

    async def serves(self, api_version: str) -> frozenset[str]:
        """The plural names of what the API server has in a group's version; none where it does not have that at all."""
        try:
            answer = await self._connection.send(Request("GET", f"/apis/{api_version}"))
        except RejectedError as refusal:
            if refusal.status != HTTPStatus.NOT_FOUND:
                raise
            return frozenset()
        return frozenset(each["name"] for each in answer["resources"])

    async def may_list(self, resource: Resource) -> bool:
        """Whether the operator has the right to read a kind in every namespace that is watched."""
        try:
            for namespace in self._namespaces:
                await self._connection.send(Request("GET", resource.path(namespace), {"limit": "1"}))
        except RejectedError as refusal:
            if refusal.status != HTTPStatus.FORBIDDEN:
                raise
            return False
        return True

    async def list(self, resource: Resource, label_selector: str = "") -> Listing:
        parts = [await self._list(resource, namespace, label_selector) for namespace in self._namespaces]
        # The lists of several namespaces are of several moments: what is newer than the oldest may be unseen by it.
        return Listing(min(part.resource_version for part in parts), [item for part in parts for item in part.items])

    async def list_namespaced(self, namespace: str, resource: Resource, label_selector: str) -> Sequence[Manifest]:
        return (await self._list(resource, namespace, label_selector)).items

    async def _list(self, resource: Resource, namespace: str, label_selector: str) -> Listing:
        query = {"limit": str(PAGE), **({"labelSelector": label_selector} if label_selector else {})}
        items: list[Manifest] = []
        while True:
            page = await self._connection.send(
                Request("GET", resource.path(namespace), query, timeout_s=LIST_TIMEOUT_S)
            )
            # A list leaves out what it holds: its items carry neither kind nor apiVersion.
            items += [item | {"apiVersion": resource.api_version, "kind": resource.kind} for item in page["items"]]
            if not (more := page["metadata"].get("continue")):
                return Listing(int(page["metadata"]["resourceVersion"]), items)
            query = query | {"continue": more}

    async def list_events(self, live: Manifest) -> Sequence[Manifest]:
        query = {"fieldSelector": f"involvedObject.uid={live['metadata']['uid']}"}
        answer = await self._connection.send(Request("GET", EVENTS.path(live["metadata"]["namespace"]), query))
        return answer["items"]

    async def apply(self, manifest: Manifest) -> Manifest:
        return await self._apply(manifest, subresource="")

    async def apply_if_absent(self, manifest: Manifest) -> Manifest:
        # An apply takes over whatever has that name, without a word. One that is meant for a version which no object
        # has is only taken where there is none, and saves the question whether there is.
        metadata = manifest["metadata"] | {"resourceVersion": NOBODYS_VERSION}
        careful = manifest | {"metadata": metadata}
        try:
            return await self._apply(careful, subresource="")
        except RejectedError as refusal:
            if refusal.status != HTTPStatus.CONFLICT:
                raise
            live = await self.get(RESOURCE_BY_KIND[manifest["kind"]], metadata["namespace"], metadata["name"])
            if live is not None:
                raise AlreadyExistsError(live) from refusal
        return await self._apply(careful, subresource="")  # it has gone in the meantime

    async def apply_status(self, manifest: Manifest) -> Manifest:
        return await self._apply(manifest, subresource="status")

    async def _apply(self, manifest: Manifest, subresource: str) -> Manifest:
        query = AS_US | {"force": "true"}
        return await self._write(
            "apply", manifest, Request("PATCH", _path(manifest, subresource), query, manifest, APPLY)
        )

    async def create(self, manifest: Manifest) -> Manifest | None:
        path = RESOURCE_BY_KIND[manifest["kind"]].path(manifest["metadata"]["namespace"])
        try:
            return await self._write("create", manifest, Request("POST", path, AS_US, manifest))
        except RejectedError as refusal:
            if refusal.status != HTTPStatus.CONFLICT:
                raise
            return None

    async def annotate(self, live: Manifest, annotations: dict[str, str]) -> Manifest:
        # With its UID: one of the same name that came after it is not meant, and the API server says so.
        patch = {"metadata": {"uid": live["metadata"]["uid"], "annotations": annotations}}
        return await self._write("patch", live, Request("PATCH", _path(live), AS_US, patch, MERGE))

    async def remove_fields(self, live: Manifest, pointers: Iterable[str]) -> Manifest | None:
        seen = {"op": "replace", "path": "/metadata/resourceVersion", "value": live["metadata"]["resourceVersion"]}
        patch = [seen, *({"op": "remove", "path": pointer} for pointer in pointers)]
        try:
            return await self._write("patch", live, Request("PATCH", _path(live), AS_US, patch, JSON_PATCH))
        except RejectedError as refusal:
            if refusal.status != HTTPStatus.CONFLICT:
                raise
            return None

    async def delete(self, live: Manifest) -> None:
        body = {"preconditions": {"uid": live["metadata"]["uid"]}, "propagationPolicy": "Background"}
        try:
            await self._write("delete", live, Request("DELETE", _path(live), body=body))
        except RejectedError as refusal:
            # It is gone already, or another one has its name.
            if refusal.status not in (HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT):
                raise

    async def _write(self, verb: str, about: Manifest, request: Request) -> Manifest:
        """The one way out for everything that changes the cluster."""
        if self._remaining_s() <= 0:
            raise LeaseLostError
        self._metrics.writes.labels(verb, about["kind"]).inc()
        return await self._connection.send(replace(request, remaining_s=self._remaining_s))


def _path(manifest: Manifest, subresource: str = "") -> str:
    metadata = manifest["metadata"]
    return RESOURCE_BY_KIND[manifest["kind"]].path(metadata["namespace"], metadata["name"], subresource)
