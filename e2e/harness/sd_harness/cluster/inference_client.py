"""A minimal client of the demo service: urllib, threads and JSON."""

import base64
import json
import threading
import time
import urllib.error
import urllib.request
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

URL = "http://localhost:8700"
TRITON_METRICS_URL = "http://localhost:8702/metrics"
ENGINE_METRICS_URL = "http://localhost:8703/metrics"
INFER_PATH = "/v2/models/speaker_diarization/infer"
_HEADERS = {"Connection": "close", "Content-Type": "application/json"}


@dataclass(frozen=True)
class Response:
    """One HTTP response, with the client's waiting time."""

    status: int
    body: Any
    duration_s: float

    @property
    def timeline(self) -> dict[str, Any]:
        """The timeline of a successful response."""
        assert self.status == 200, self.body
        return json.loads(self.body["outputs"][0]["data"][0])

    @property
    def error_message(self) -> str:
        """The message of an error response."""
        return self.body["error"]


def bytes_input(name: str, *values: str) -> dict[str, Any]:
    """Return a BYTES input of shape [number of values, 1]."""
    return {"name": name, "shape": [len(values), 1], "datatype": "BYTES", "data": list(values)}


def request_body(recording: bytes, speakers: str | None = None, **parameters: Any) -> dict[str, Any]:
    """Return the JSON body of an inference request."""
    inputs = [bytes_input("AUDIO_DATA", base64.b64encode(recording).decode())]
    if speakers is not None:
        inputs.append(bytes_input("NUM_SPEAKERS", speakers))
    return {"inputs": inputs, "parameters": parameters}


def send(body: dict[str, Any], *, url: str = URL, timeout_s: float = 240) -> Response:
    """Send one request on a connection of its own."""
    started_s = time.monotonic()
    request = urllib.request.Request(url + INFER_PATH, json.dumps(body).encode(), _HEADERS)
    try:
        with urllib.request.urlopen(request, timeout=timeout_s) as response:
            status, content = response.status, response.read()
    except urllib.error.HTTPError as error:
        with error:
            status, content = error.code, error.read()
    return Response(status, json.loads(content), time.monotonic() - started_s)


def diarize(recording: bytes, speakers: str | None = None, **parameters: Any) -> Response:
    """Request the timeline of one recording."""
    return send(request_body(recording, speakers, **parameters))


def send_concurrently(bodies: list[dict[str, Any]]) -> list[Response]:
    """Send all requests at the same time; return the responses in the order of the requests."""
    barrier = threading.Barrier(len(bodies))

    def send_after_barrier(body: dict[str, Any]) -> Response:
        barrier.wait()
        return send(body)

    with ThreadPoolExecutor(len(bodies)) as threads:
        return list(threads.map(send_after_barrier, bodies))


def start_request(recording: bytes) -> Future[Response]:
    """Send a request in a thread; return once the engine counts it as in flight."""
    before = metric_sum(ENGINE_METRICS_URL, "sd_requests_in_flight")
    threads = ThreadPoolExecutor(1)
    response = threads.submit(diarize, recording)
    threads.shutdown(wait=False)
    deadline_s = time.monotonic() + 20
    while metric_sum(ENGINE_METRICS_URL, "sd_requests_in_flight") <= before:
        assert time.monotonic() < deadline_s, "The engine did not receive the request within 20 s."
        time.sleep(0.05)
    return response


def http_status(url: str) -> int:
    """Return the status of a GET request, or 0 if nothing answers."""
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return response.status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def get_text(url: str) -> str:
    """Return the body of a successful GET request."""
    with urllib.request.urlopen(url, timeout=20) as response:
        assert response.status == 200
        return response.read().decode()


def metric_sum(url: str, name: str) -> float:
    """Return the sum of a metric over its labels."""
    lines = [line for line in get_text(url).splitlines() if line.startswith((name + " ", name + "{"))]
    assert lines, f"{url} has no metric {name}"
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines)
