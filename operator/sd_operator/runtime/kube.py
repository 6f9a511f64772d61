"""The Kubernetes API as the operator uses it: read, apply, delete. Objects are plain dictionaries.

KubeError
├── RejectedError     the API server understood the request and refused it; its sentence says why
└── UnreachableError  no answer, or one that says "later": try again
"""

import json
from dataclasses import dataclass
from typing import Any, Protocol, cast

import aiohttp
from kubernetes.aio import client
from kubernetes.aio.client.exceptions import ApiException

from sd_operator.runtime.metrics import Metrics
from sd_operator.vocabulary import FIELD_MANAGER, KIND_OF, Manifest, Resource

PAGE = 500
TIMEOUT_S = 30
LATER = (429, 500, 502, 503, 504)


class KubeError(Exception):
    """A request to the API server did not do what it was sent for; the text is a sentence."""


class RejectedError(KubeError):
    """The API server refused; `status` is the HTTP status."""

    def __init__(self, sentence: str, status: int) -> None:
        super().__init__(sentence)
        self.status = status


class UnreachableError(KubeError):
    """No answer, or one that asks to come back later."""


@dataclass(frozen=True, slots=True)
class Listing:
    """Objects of one kind, all as of `resource_version`."""

    resource_version: int
    items: list[Manifest]


class Kube(Protocol):
    """The five things that the operator asks of the API server."""

    async def get(self, resource: Resource, namespace: str, name: str) -> Manifest | None:
        """One object; None where there is none."""
        ...

    async def list(self, resource: Resource, label_selector: str = "") -> Listing:
        """Every object of a kind in all namespaces."""
        ...

    async def apply(self, manifest: Manifest) -> Manifest:
        """Server-side apply: the fields of the manifest become ours, others stay as they are."""
        ...

    async def apply_status(self, manifest: Manifest) -> Manifest:
        """The same for the status subresource."""
        ...

    async def delete(self, live: Manifest) -> None:
        """Removes that very object: one of the same name that came after it stays."""
        ...


class KubeClient:
    """`Kube` over kubernetes.aio's low-level client, which brings the connection, TLS and token renewal."""

    def __init__(self, configuration: client.Configuration, metrics: Metrics) -> None:
        self._api = cast("Any", client.ApiClient(configuration))
        self._metrics = metrics

    async def close(self) -> None:
        """Closes the connections."""
        await self._api.close()

    async def get(self, resource: Resource, namespace: str, name: str) -> Manifest | None:
        try:
            return await self._request("GET", resource.path(namespace, name))
        except RejectedError as refusal:
            if refusal.status != 404:  # noqa: PLR2004 - HTTP's own number
                raise
            return None

    async def list(self, resource: Resource, label_selector: str = "") -> Listing:
        query = {"limit": str(PAGE), **({"labelSelector": label_selector} if label_selector else {})}
        items: list[Manifest] = []
        while True:
            page = await self._request("GET", resource.path(), query)
            # A list leaves out what it holds: its items carry neither kind nor apiVersion.
            items += [item | {"apiVersion": resource.api_version, "kind": resource.kind} for item in page["items"]]
            if not (more := page["metadata"].get("continue")):
                return Listing(int(page["metadata"]["resourceVersion"]), items)
            query["continue"] = more

    async def apply(self, manifest: Manifest) -> Manifest:
        return await self._apply(manifest, subresource="")

    async def apply_status(self, manifest: Manifest) -> Manifest:
        return await self._apply(manifest, subresource="status")

    async def _apply(self, manifest: Manifest, subresource: str) -> Manifest:
        query = {"fieldManager": FIELD_MANAGER, "force": "true"}
        self._metrics.writes.labels("apply", manifest["kind"]).inc()
        path = _path(manifest, subresource)
        return await self._request("PATCH", path, query, manifest, "application/apply-patch+yaml")

    async def delete(self, live: Manifest) -> None:
        body = {"preconditions": {"uid": live["metadata"]["uid"]}, "propagationPolicy": "Background"}
        self._metrics.writes.labels("delete", live["kind"]).inc()
        try:
            await self._request("DELETE", _path(live), body=body)
        except RejectedError as refusal:
            if refusal.status not in (404, 409):  # it is gone already, or another one has its name
                raise

    async def _request(
        self,
        method: str,
        path: str,
        query: dict[str, str] | None = None,
        body: Manifest | None = None,
        content_type: str = "application/json",
    ) -> Any:  # noqa: ANN401 - JSON
        headers = {"Accept": "application/json", "Content-Type": content_type}
        try:
            request = await self._api.param_serialize(
                method, path, query_params=list((query or {}).items()), header_params=headers, body=body,
                auth_settings=["BearerToken"],
            )  # fmt: skip
            response = await self._api.call_api(*request, _request_timeout=TIMEOUT_S)
            answer = await response.read()
        except ApiException as error:
            failure: Any = error  # its attributes have no types
            raise _kube_error(failure.status, failure.reason, failure.body) from error
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise UnreachableError(f"{method} {path} got no answer: {str(error) or type(error).__name__}") from error
        if response.status >= 400:  # noqa: PLR2004 - HTTP's own number
            raise _kube_error(response.status, str(response.reason), answer)
        return json.loads(answer)


def _path(manifest: Manifest, subresource: str = "") -> str:
    metadata = manifest["metadata"]
    return KIND_OF[manifest["kind"]].path(metadata["namespace"], metadata["name"], subresource)


def _kube_error(status: int | None, reason: str, body: str | bytes | None) -> KubeError:
    sentence = _sentence(body) or f"the API server answered HTTP {status} {reason}"
    return UnreachableError(sentence) if status is None or status in LATER else RejectedError(sentence, status)


def _sentence(body: str | bytes | None) -> str:
    """The message of the API server's Status object; what is in front of it may answer with anything else."""
    try:
        status = json.loads(body or b"{}")
    except ValueError:
        return ""
    return str(cast("Manifest", status).get("message", "")) if isinstance(status, dict) else ""
