"""The KubeClient over HTTP: reads, server-side apply, patches and deletes."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from http import HTTPStatus

from sd_operator.kube.client import Listing
from sd_operator.kube.connection import (
    APPLY_PATCH,
    MERGE_PATCH,
    Connection,
    RemainingSeconds,
    Request,
    unlimited,
)
from sd_operator.kube.errors import AlreadyExistsError, LeaseLostError, RejectedError
from sd_operator.metrics import Metrics
from sd_operator.resources import EVENTS, FIELD_MANAGER, RESOURCE_BY_KIND, Manifest, Resource

PAGE_SIZE = 500
LIST_TIMEOUT_S = 30
FIELD_MANAGER_QUERY = {"fieldManager": FIELD_MANAGER}
NONEXISTENT_VERSION = "1"
"""A resourceVersion that no object has: etcd's first write gets revision 2."""


class RestKubeClient:
    """A KubeClient for the watched `namespaces`; without any, for all namespaces.

    Writes are sent only while `lease_remaining_s` is above zero, and time out when it reaches zero: when another
    operator may start to write, no write of this one is in flight.
    """

    def __init__(
        self,
        connection: Connection,
        metrics: Metrics,
        *,
        lease_remaining_s: RemainingSeconds = unlimited,
        namespaces: tuple[str, ...] = (),
    ) -> None:
        self._connection = connection
        self._metrics = metrics
        self._lease_remaining_s = lease_remaining_s
        self._namespaces = namespaces or ("",)

    async def get(self, resource: Resource, namespace: str, name: str) -> Manifest | None:
        try:
            return await self._connection.send(Request("GET", resource.path(namespace, name)))
        except RejectedError as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise
            return None

    async def served_resources(self, group_version: str) -> frozenset[str]:
        """Plural names of the resources in a group version; empty if the API server does not serve it."""
        try:
            response = await self._connection.send(Request("GET", f"/apis/{group_version}"))
        except RejectedError as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise
            return frozenset()
        return frozenset(each["name"] for each in response["resources"])

    async def can_list(self, resource: Resource) -> bool:
        """Return True if RBAC lets the operator list a kind in every watched namespace."""
        try:
            for namespace in self._namespaces:
                await self._connection.send(Request("GET", resource.path(namespace), {"limit": "1"}))
        except RejectedError as error:
            if error.status != HTTPStatus.FORBIDDEN:
                raise
            return False
        return True

    async def list(self, resource: Resource, label_selector: str = "") -> Listing:
        lists = [await self._list(resource, namespace, label_selector) for namespace in self._namespaces]
        # Only the oldest resourceVersion holds for all namespaces, because each list was taken at its own time.
        oldest = min(each.resource_version for each in lists)
        return Listing(oldest, [item for each in lists for item in each.items])

    async def list_namespaced(self, namespace: str, resource: Resource, label_selector: str) -> Sequence[Manifest]:
        return (await self._list(resource, namespace, label_selector)).items

    async def _list(self, resource: Resource, namespace: str, label_selector: str) -> Listing:
        query = {"limit": str(PAGE_SIZE), **({"labelSelector": label_selector} if label_selector else {})}
        items: list[Manifest] = []
        while True:
            request = Request("GET", resource.path(namespace), query, timeout_s=LIST_TIMEOUT_S)
            page = await self._connection.send(request)
            # The items of a list carry neither apiVersion nor kind.
            items += [item | {"apiVersion": resource.api_version, "kind": resource.kind} for item in page["items"]]
            if not (token := page["metadata"].get("continue")):
                return Listing(int(page["metadata"]["resourceVersion"]), items)
            query = query | {"continue": token}

    async def list_events(self, live: Manifest) -> Sequence[Manifest]:
        query = {"fieldSelector": f"involvedObject.uid={live['metadata']['uid']}"}
        response = await self._connection.send(Request("GET", EVENTS.path(live["metadata"]["namespace"]), query))
        return response["items"]

    async def apply(self, manifest: Manifest) -> Manifest:
        return await self._apply(manifest, subresource="")

    async def apply_if_absent(self, manifest: Manifest) -> Manifest:
        # An apply takes over an existing object silently. One with a resourceVersion that no object has is accepted
        # only if the object does not exist, which saves a GET before each creation.
        metadata = manifest["metadata"] | {"resourceVersion": NONEXISTENT_VERSION}
        conditional = manifest | {"metadata": metadata}
        try:
            return await self._apply(conditional, subresource="")
        except RejectedError as error:
            if error.status != HTTPStatus.CONFLICT:
                raise
            live = await self.get(RESOURCE_BY_KIND[manifest["kind"]], metadata["namespace"], metadata["name"])
            if live is not None:
                raise AlreadyExistsError(live) from error
        return await self._apply(conditional, subresource="")  # the existing object was deleted in the meantime

    async def apply_status(self, manifest: Manifest) -> Manifest:
        return await self._apply(manifest, subresource="status")

    async def _apply(self, manifest: Manifest, subresource: str) -> Manifest:
        query = FIELD_MANAGER_QUERY | {"force": "true"}
        request = Request("PATCH", _path(manifest, subresource), query, manifest, APPLY_PATCH)
        return await self._write("apply", manifest, request)

    async def create(self, manifest: Manifest) -> Manifest | None:
        path = RESOURCE_BY_KIND[manifest["kind"]].path(manifest["metadata"]["namespace"])
        try:
            return await self._write("create", manifest, Request("POST", path, FIELD_MANAGER_QUERY, manifest))
        except RejectedError as error:
            if error.status != HTTPStatus.CONFLICT:
                raise
            return None

    async def annotate(self, live: Manifest, annotations: Mapping[str, str | None]) -> Manifest:
        # The UID makes the API server reject the patch if the object was replaced by another of the same name.
        patch = {"metadata": {"uid": live["metadata"]["uid"], "annotations": annotations}}
        request = Request("PATCH", _path(live), FIELD_MANAGER_QUERY, patch, MERGE_PATCH)
        return await self._write("patch", live, request)

    async def delete(self, live: Manifest) -> None:
        body = {"preconditions": {"uid": live["metadata"]["uid"]}, "propagationPolicy": "Background"}
        try:
            await self._write("delete", live, Request("DELETE", _path(live), body=body))
        except RejectedError as error:
            # The object is already deleted, or was replaced by another of the same name.
            if error.status not in (HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT):
                raise

    async def _write(self, verb: str, target: Manifest, request: Request) -> Manifest:
        """Send a write; all writes of the operator pass through here."""
        if self._lease_remaining_s() <= 0:
            raise LeaseLostError
        self._metrics.writes.labels(verb, target["kind"]).inc()
        return await self._connection.send(replace(request, lease_remaining_s=self._lease_remaining_s))


def _path(manifest: Manifest, subresource: str = "") -> str:
    metadata = manifest["metadata"]
    return RESOURCE_BY_KIND[manifest["kind"]].path(metadata["namespace"], metadata["name"], subresource)
