"""Metrics pages of engines at loopback addresses that tests set as pod addresses."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ENGINE_PORT = 8003


@contextmanager
def engines(pages: dict[str, str]) -> Iterator[None]:
    """Serve a metrics page at each address until the block ends."""
    with ExitStack() as running:
        for address, page in pages.items():
            running.enter_context(_serving(address, page))
        yield


@contextmanager
def _serving(address: str, page: str) -> Iterator[None]:
    class MetricsPage(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(page.encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's signature
            """Log nothing."""

    with ThreadingHTTPServer((address, ENGINE_PORT), MetricsPage) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield
        finally:
            server.shutdown()
