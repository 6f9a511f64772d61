"""A server of the external metrics API, as prometheus-adapter is one, with values that a test sets."""

import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from sd_harness.control_plane.control_plane import ControlPlane, Manifest

GROUP, VERSION = "external.metrics.k8s.io", "v1beta1"
ROOT = f"/apis/{GROUP}/{VERSION}"


class Backlogs:
    """The metric values of one service; a metric without a value has no series."""

    def __init__(self, namespace: str, service: str) -> None:
        self.selector = {"namespace": namespace, "service": service}
        self.values: dict[str, int] = {}

    def response(self, path: str, query: str) -> Manifest:
        """The body for a request of the API server; the list is empty for the metrics of another service."""
        if path == ROOT:
            return {
                "kind": "APIResourceList",
                "apiVersion": "v1",
                "groupVersion": f"{GROUP}/{VERSION}",
                "resources": [],
            }
        *_, namespace, metric = path.split("/")
        requested = dict(each.split("=") for each in parse_qs(query)["labelSelector"][0].split(","))
        has_value = metric in self.values and requested == self.selector and namespace == self.selector["namespace"]
        items = [self._value(metric)] if has_value else []
        return {"kind": "ExternalMetricValueList", "apiVersion": f"{GROUP}/{VERSION}", "items": items}

    def _value(self, metric: str) -> Manifest:
        head = {"metricName": metric, "metricLabels": {}, "timestamp": "2026-01-01T00:00:00Z"}
        return head | {"value": str(self.values[metric])}


@contextmanager
def served(plane: ControlPlane, backlogs: Backlogs) -> Iterator[None]:
    """Register and serve the external metrics API until the block ends."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _handler(backlogs)) as server:
        # The API server's certificate is reused, because neither is verified.
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificates = plane.folder / "certificates"
        context.load_cert_chain(certificates / "apiserver.crt", certificates / "apiserver.key")
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        plane.apply(*_registration(server.server_address[1]))
        try:
            yield
        finally:
            plane.kubectl("delete", "apiservice", f"{VERSION}.{GROUP}")
            server.shutdown()


def _handler(backlogs: Backlogs) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            body = json.dumps(backlogs.response(parts.path, parts.query)).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's signature
            """Log nothing."""

    return Handler


def _registration(port: int) -> list[Manifest]:
    metadata = {"name": "external-metrics", "namespace": "default"}
    service = {"type": "ExternalName", "externalName": "localhost", "ports": [{"port": port}]}
    api_service = {
        "group": GROUP,
        "version": VERSION,
        "groupPriorityMinimum": 100,
        "versionPriority": 100,
        "insecureSkipTLSVerify": True,
        "service": metadata | {"port": port},
    }
    return [
        {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": service},
        {
            "apiVersion": "apiregistration.k8s.io/v1",
            "kind": "APIService",
            "metadata": {"name": f"{VERSION}.{GROUP}"},
            "spec": api_service,
        },
    ]
