"""The length of Triton's queue, read from its metrics."""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from sd_engine.serving import triton_queue

GAUGE = "nv_inference_pending_request_count"


@contextmanager
def metrics_page(page: bytes) -> Generator[str]:
    """Serve a page as Triton's metrics; yields its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            """Log nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/metrics"
        server.shutdown()


@pytest.mark.parametrize(
    ("page", "pending"),
    [
        (f'# TYPE {GAUGE} gauge\n{GAUGE}{{model="speaker_diarization",version="1"}} 12\n', 12),
        (f'{GAUGE}{{model="other",version="1"}} 3\n{GAUGE}{{version="1",model="speaker_diarization"}} 4.0\n', 4),
        (f'{GAUGE}{{model="other",version="1"}} 3\n', 0),
        ("", 0),
        ("\x00 not a metrics page", 0),
    ],
)
def test_the_gauge_of_the_model_is_read(page: str, pending: float) -> None:
    with metrics_page(page.encode()) as url:
        assert triton_queue.pending_requests(url) == pending


def test_a_page_that_is_not_text_counts_as_an_empty_queue() -> None:
    with metrics_page(b"\xff\xfe") as url:
        assert triton_queue.pending_requests(url) == 0


def test_a_triton_that_does_not_respond_has_an_empty_queue(closed_port: int) -> None:
    assert triton_queue.pending_requests(f"http://127.0.0.1:{closed_port}/metrics") == 0
