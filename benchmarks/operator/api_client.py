"""A client of the API server for benchmarks: JSON over one connection per thread."""

from __future__ import annotations

import http.client
import json
import ssl
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import yaml
from sd_harness.control_plane.control_plane import ControlPlane, Manifest
from sd_operator.resources import DIARIZATION_SERVICES, RESOURCE_BY_KIND, Resource

THREADS = 16
JSON = "application/json"


@dataclass(frozen=True)
class ApiClient:
    """A client with the credentials of the cluster administrator."""

    server: str
    token: str = "admin"  # noqa: S105 - token of a temporary control plane
    _local: threading.local = field(default_factory=threading.local)
    _connections: list[http.client.HTTPSConnection] = field(default_factory=list[http.client.HTTPSConnection])

    @classmethod
    def of(cls, plane: ControlPlane) -> ApiClient:
        """A client for the server in the administrator's kubeconfig."""
        return cls(yaml.safe_load(plane.admin.read_text())["clusters"][0]["cluster"]["server"])

    def request(
        self, method: str, path: str, body: Manifest | list[Manifest] | None = None, content_type: str = JSON
    ) -> Any:  # noqa: ANN401
        """Send a request and return the response's JSON, or None if the object does not exist.

        Raises:
            RuntimeError: the API server rejected the request.
        """
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": content_type}
        connection = self._connection()
        payload = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        connection.request(method, path, payload, headers)
        response = connection.getresponse()
        content = response.read()
        if response.status == http.client.NOT_FOUND:
            return None
        if response.status >= http.client.BAD_REQUEST:
            raise RuntimeError(f"{method} {path}: {content.decode()}")
        return json.loads(content)

    def _connection(self) -> http.client.HTTPSConnection:
        if not hasattr(self._local, "connection"):
            unverified = ssl._create_unverified_context()  # noqa: S323, SLF001 - the certificate is self-signed
            self._local.connection = http.client.HTTPSConnection(urlsplit(self.server).netloc, context=unverified)
            self._connections.append(self._local.connection)
        return self._local.connection

    def close(self) -> None:
        """Close the connections of all threads."""
        for connection in self._connections:
            connection.close()

    def create(self, manifest: Manifest) -> Manifest:
        """Create an object of a kind that the operator knows."""
        return self.request(
            "POST", RESOURCE_BY_KIND[manifest["kind"]].path(manifest["metadata"]["namespace"]), manifest
        )

    def patch(self, resource: Resource, namespace: str, name: str, patch: Manifest) -> Manifest:
        """Apply a JSON merge patch to an object."""
        path = resource.path(namespace, name)
        return self.request("PATCH", path, patch, "application/merge-patch+json")

    def edit(self, live: Manifest, *operations: Manifest) -> Manifest:
        """Apply a JSON patch to an object, as `kubectl edit` would."""
        metadata = live["metadata"]
        path = RESOURCE_BY_KIND[live["kind"]].path(metadata["namespace"], metadata["name"])
        return self.request("PATCH", path, [*operations], "application/json-patch+json")

    def delete(self, resource: Resource, namespace: str, name: str) -> None:
        """Delete an object."""
        self.request("DELETE", resource.path(namespace, name))

    def list(self, resource: Resource, namespace: str = "") -> list[Manifest]:
        """All objects of a kind."""
        items = self.request("GET", resource.path(namespace))["items"]
        return [item | {"apiVersion": resource.api_version, "kind": resource.kind} for item in items]

    def services(self) -> list[Manifest]:
        """All DiarizationServices."""
        return self.list(DIARIZATION_SERVICES)

    def create_all(self, manifests: list[Manifest]) -> None:
        """Create objects concurrently."""
        with ThreadPoolExecutor(THREADS) as threads:
            list(threads.map(self.create, manifests))
