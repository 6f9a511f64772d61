"""A fake Hugging Face hub on this machine, with a CDN on a second port."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

from sd_harness.hub import hub_handler
from sd_harness.hub.hub_state import FakeHub, FakeRepository


@dataclass(frozen=True)
class ListenAddress:
    """Address and ports on which a hub listens, and the host names in its URLs."""

    address: str = "127.0.0.1"
    port: int = 0
    """0 = any free port; the same holds for `cdn_port`."""
    cdn_port: int = 0
    host: str = "localhost"
    cdn_host: str = "127.0.0.1"


class _Server(ThreadingHTTPServer):
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore errors of connections: some tests kill the client during a response."""


def tls_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """Return the TLS context of a server."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


@contextmanager
def running(
    repositories: dict[str, FakeRepository],
    tls: ssl.SSLContext | None = None,
    listen: ListenAddress = ListenAddress(),
) -> Generator[FakeHub]:
    """Run a hub and its CDN in threads."""
    hub = FakeHub(repositories)
    handler = hub_handler.bound_to(hub)
    servers = [_Server((listen.address, port), handler) for port in (listen.port, listen.cdn_port)]
    if tls:
        servers[0].socket = tls.wrap_socket(servers[0].socket, server_side=True)
    hub.url = f"{'https' if tls else 'http'}://{listen.host}:{servers[0].server_port}"
    hub.cdn_port = servers[1].server_port
    hub.cdn_url = f"http://{listen.cdn_host}:{hub.cdn_port}"
    threads = [threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}) for server in servers]
    for thread in threads:
        thread.start()
    try:
        yield hub
    finally:
        for server, thread in zip(servers, threads, strict=True):
            server.shutdown()
            thread.join()
            server.server_close()
