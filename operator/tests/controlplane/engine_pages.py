"""Engines' metrics pages at addresses of this machine, where a test says that pods are."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ENGINE_PORT = 8003


@contextmanager
def engines(pages: dict[str, str]) -> Iterator[None]:
    """Serves each address its page for as long as the block runs."""
    with ExitStack() as running:
        for address, page in pages.items():
            running.enter_context(_serving(address, page))
        yield


@contextmanager
def _serving(address: str, page: str) -> Iterator[None]:
    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(page.encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's own names
            """Nothing is logged."""

    with ThreadingHTTPServer((address, ENGINE_PORT), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield
        finally:
            server.shutdown()
