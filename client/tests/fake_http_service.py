"""A fake HTTP service with the part of the v2 protocol that a diarization needs, and configurable failures."""

from __future__ import annotations

import json
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TIMELINE: dict[str, Any] = {
    "total_segments": 3,
    "num_speakers": 2,
    "speakers": ["SPEAKER_00", "SPEAKER_01"],
    "segments": [
        {"start_time": 0.5, "end_time": 3.25, "duration": 2.75, "speaker": "SPEAKER_00"},
        {"start_time": 3.0, "end_time": 61.5, "duration": 58.5, "speaker": "SPEAKER_01"},
        {"start_time": 62.0, "end_time": 63.5, "duration": 1.5, "speaker": "SPEAKER_00"},
    ],
}


@dataclass(frozen=True)
class ReceivedRequest:
    """A request as it arrived."""

    path: str
    headers: dict[str, str]
    document: dict[str, Any]
    tensors: dict[str, bytes]
    client_port: int


Reply = Callable[["Handler"], None]


@dataclass
class HttpService:
    """The requests received, and the replies to send: each once, then the timeline forever."""

    scheme: str = "http"
    port: int = 0
    replies: list[Reply] = field(default_factory=list)
    requests: list[ReceivedRequest] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"{self.scheme}://localhost:{self.port}"


class Handler(BaseHTTPRequestHandler):
    """Reads one infer request and sends the service's next reply."""

    protocol_version = "HTTP/1.1"
    service: HttpService

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.service.requests.append(self._read(body))
        reply = self.service.replies.pop(0) if self.service.replies else timeline()
        reply(self)

    def _read(self, body: bytes) -> ReceivedRequest:
        header_bytes = int(self.headers["Inference-Header-Content-Length"])
        document, rest = json.loads(body[:header_bytes]), body[header_bytes:]
        tensors: dict[str, bytes] = {}
        for tensor in document["inputs"]:
            size_bytes = tensor["parameters"]["binary_data_size"]
            tensors[tensor["name"]], rest = rest[4:size_bytes], rest[size_bytes:]
        return ReceivedRequest(self.path, dict(self.headers), document, tensors, self.client_address[1])

    def send(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Log nothing."""


def timeline(document: dict[str, Any] | None = None, name: str = "DIARIZATION_RESULT") -> Reply:
    """Reply with a timeline, as Triton does with the binary tensor extension."""
    return text(json.dumps(TIMELINE if document is None else document), name)


def text(result: str, name: str = "DIARIZATION_RESULT") -> Reply:
    tensor = struct.pack("<I", len(result.encode())) + result.encode()
    output = {"name": name, "datatype": "BYTES", "shape": [1, 1], "parameters": {"binary_data_size": len(tensor)}}
    header = json.dumps({"model_name": "speaker_diarization", "model_version": "1", "outputs": [output]}).encode()
    return lambda handler: handler.send(200, header + tensor, Inference_Header_Content_Length=str(len(header)))


def error(status: int, message: str) -> Reply:
    """Reply with an error in Triton's JSON."""
    return lambda handler: handler.send(status, json.dumps({"error": message}).encode())


def page(status: int, body: str) -> Reply:
    """Reply with a page of another server than Triton."""
    return lambda handler: handler.send(status, body.encode(), Content_Type="text/html")


def reset(handler: Handler) -> None:
    """Reset the connection while the request is in flight."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()
    handler.close_connection = True
    handler.wfile = handler.rfile  # so that nothing is flushed to the closed connection


def delayed(delay_s: float) -> Reply:
    def reply(handler: Handler) -> None:
        time.sleep(delay_s)
        timeline()(handler)

    return reply


class _Server(ThreadingHTTPServer):
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore clients that disconnect early, as some tests do."""


@contextmanager
def running(tls: ssl.SSLContext | None = None) -> Generator[HttpService]:
    service = HttpService(scheme="https" if tls else "http")
    server = _Server(("127.0.0.1", 0), type("BoundHandler", (Handler,), {"service": service}))
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    service.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def eventually(condition: Callable[[], bool], timeout_s: float = 30.0) -> None:
    """Wait until `condition()` is true."""
    deadline_s = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline_s, f"the condition was not true within {timeout_s} s"
        time.sleep(0.02)
