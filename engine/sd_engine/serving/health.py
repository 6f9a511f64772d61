"""Health, drain and metrics over HTTP: one plain sentence each, so that `curl` tells a person what a probe sees."""

from __future__ import annotations

import socket
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from sd_engine import logs
from sd_engine.metrics import Metrics
from sd_engine.serving import drain
from sd_engine.serving.admission import Admission
from sd_engine.serving.lifecycle import Lifecycle
from sd_engine.transport.adapter_liveness import Adapters

Reply = tuple[HTTPStatus, str]
_TEXT = "text/plain; charset=utf-8"


class HealthServer(ThreadingHTTPServer):
    """Answers each request in a thread of its own: a drain may wait for hours beside the probes."""

    daemon_threads = True

    def __init__(
        self, port: int, *, lifecycle: Lifecycle, adapters: Adapters, admission: Admission, metrics: Metrics
    ) -> None:
        self.metrics = metrics
        self.pages: dict[str, Callable[[], Reply]] = {
            "/startupz": lambda: (HTTPStatus.OK, "The engine's socket is open."),
            "/readyz": lambda: _verdict(lifecycle.obstacle, "The engine is ready."),
            "/adapterz": lambda: _verdict(adapters.complaint(), "No adapter is missing."),
            "/drain": lambda: _drained(admission),
        }
        # Both families by one socket, as pods have IPv4, IPv6 or both; no IPv6 in the kernel leaves IPv4.
        self.address_family = socket.AF_INET6 if socket.has_dualstack_ipv6() else socket.AF_INET
        super().__init__(("", port), _Handler)

    def server_bind(self) -> None:
        if self.address_family == socket.AF_INET6:
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        super().server_bind()

    def reply(self, path: str) -> tuple[HTTPStatus, str, bytes]:
        """Status, content type and body for a path."""
        if path == "/metrics":
            return HTTPStatus.OK, CONTENT_TYPE_LATEST, generate_latest(self.metrics.registry)
        if path not in self.pages:
            return HTTPStatus.NOT_FOUND, _TEXT, f"There are: {', '.join(self.pages)}, /metrics.\n".encode()
        status, sentence = self.pages[path]()
        return status, _TEXT, f"{sentence}\n".encode()


class _Handler(BaseHTTPRequestHandler):
    timeout = 10
    """Seconds that a client may take to send its request: one that says nothing holds no thread."""

    server: HealthServer  # pyright: ignore[reportIncompatibleVariableOverride]

    def do_GET(self) -> None:
        status, content_type, body = self.server.reply(self.path.partition("?")[0])
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in http.server
        """Probes come every few seconds; they are no events."""


def _verdict(complaint: str | None, praise: str) -> Reply:
    return (HTTPStatus.SERVICE_UNAVAILABLE, complaint) if complaint else (HTTPStatus.OK, praise)


def _drained(admission: Admission) -> Reply:
    waited_s = drain.wait(admission)
    logs.event("drained", waited_s=waited_s)
    return HTTPStatus.OK, f"Nothing is in flight any more, after {waited_s:.1f} s."
