"""HTTP server for probes, drain and metrics. Probes respond with a text that explains their result."""

from __future__ import annotations

import socket
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from sd_engine import logs
from sd_engine.serving import drain
from sd_engine.serving.admission import AdmissionController
from sd_engine.serving.lifecycle import Lifecycle
from sd_engine.transport.adapter_liveness import AdapterLiveness

Response = tuple[HTTPStatus, str]
_TEXT = "text/plain; charset=utf-8"


class HealthServer(ThreadingHTTPServer):
    """Serves each request in a thread of its own: a drain can wait for hours while probes go on."""

    daemon_threads = True

    def __init__(
        self,
        port: int,
        *,
        lifecycle: Lifecycle,
        adapters: AdapterLiveness,
        admission: AdmissionController,
        registry: CollectorRegistry,
    ) -> None:
        self._registry = registry
        self._pages: dict[str, Callable[[], Response]] = {
            "/startupz": lambda: (HTTPStatus.OK, "The engine's socket is open."),
            "/readyz": lambda: _probe(lifecycle.unready_message, "The engine is ready."),
            "/adapterz": lambda: _probe(adapters.failure_message(), "No adapter is missing."),
            "/drain": lambda: _drain(admission),
        }
        # A dual-stack socket, as pods have IPv4, IPv6 or both; without IPv6 in the kernel only IPv4.
        self.address_family = socket.AF_INET6 if socket.has_dualstack_ipv6() else socket.AF_INET
        super().__init__(("", port), _Handler)

    def server_bind(self) -> None:
        """Bind the socket to IPv4 as well where it is an IPv6 socket."""
        if self.address_family == socket.AF_INET6:
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        super().server_bind()

    def respond(self, path: str) -> tuple[HTTPStatus, str, bytes]:
        """Return status, content type and body for a path."""
        if path == "/metrics":
            return HTTPStatus.OK, CONTENT_TYPE_LATEST, generate_latest(self._registry)
        if path not in self._pages:
            return HTTPStatus.NOT_FOUND, _TEXT, f"There are: {', '.join(self._pages)}, /metrics.\n".encode()
        status, text = self._pages[path]()
        return status, _TEXT, f"{text}\n".encode()


class _Handler(BaseHTTPRequestHandler):
    timeout = 10
    """Seconds within which a client must send its request; a silent one must not hold a thread."""

    server: HealthServer  # pyright: ignore[reportIncompatibleVariableOverride]

    def do_GET(self) -> None:
        status, content_type, body = self.server.respond(self.path.partition("?")[0])
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in http.server
        """Log nothing: probes come every few seconds."""


def _probe(failure: str | None, success: str) -> Response:
    return (HTTPStatus.SERVICE_UNAVAILABLE, failure) if failure else (HTTPStatus.OK, success)


def _drain(admission: AdmissionController) -> Response:
    waited_s = drain.wait(admission)
    logs.event("drained", waited_s=waited_s)
    return HTTPStatus.OK, f"No request is in flight any more, after {waited_s:.1f} s."
