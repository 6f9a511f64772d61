"""Requests to the demo service, made the plain way: urllib, threads and JSON."""

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
class Reply:
    """One HTTP answer and how long the client waited for it."""

    status: int
    body: Any
    duration_s: float

    @property
    def timeline(self) -> dict[str, Any]:
        """The timeline in the answer."""
        assert self.status == 200, self.body
        return json.loads(self.body["outputs"][0]["data"][0])

    @property
    def sentence(self) -> str:
        """The sentence of an error."""
        return self.body["error"]


def text_input(name: str, *values: str) -> dict[str, Any]:
    """A BYTES input of shape [number of values, 1]."""
    return {"name": name, "shape": [len(values), 1], "datatype": "BYTES", "data": list(values)}


def question(recording: bytes, speakers: str | None = None, **parameters: Any) -> dict[str, Any]:
    """The JSON of one request."""
    inputs = [text_input("AUDIO_DATA", base64.b64encode(recording).decode())]
    if speakers is not None:
        inputs.append(text_input("NUM_SPEAKERS", speakers))
    return {"inputs": inputs, "parameters": parameters}


def ask(body: dict[str, Any], *, url: str = URL, timeout_s: float = 240) -> Reply:
    """Sends one request on a connection of its own."""
    began = time.monotonic()
    request = urllib.request.Request(url + INFER_PATH, json.dumps(body).encode(), _HEADERS)
    try:
        with urllib.request.urlopen(request, timeout=timeout_s) as answer:
            status, content = answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            status, content = error.code, error.read()
    return Reply(status, json.loads(content), time.monotonic() - began)


def diarize(recording: bytes, speakers: str | None = None, **parameters: Any) -> Reply:
    """Asks for the timeline of one recording."""
    return ask(question(recording, speakers, **parameters))


def at_once(bodies: list[dict[str, Any]]) -> list[Reply]:
    """Sends all requests at the same moment; the answers in the order of the requests."""
    barrier = threading.Barrier(len(bodies))

    def send(body: dict[str, Any]) -> Reply:
        barrier.wait()
        return ask(body)

    with ThreadPoolExecutor(len(bodies)) as threads:
        return list(threads.map(send, bodies))


def in_background(recording: bytes) -> Future[Reply]:
    """Asks without waiting; returns once the engine has the request in hand."""
    before = metric(ENGINE_METRICS_URL, "sd_requests_in_flight")
    threads = ThreadPoolExecutor(1)
    answer = threads.submit(diarize, recording)
    threads.shutdown(wait=False)
    deadline = time.monotonic() + 20
    while metric(ENGINE_METRICS_URL, "sd_requests_in_flight") <= before:
        assert time.monotonic() < deadline, "The request never reached the engine."
        time.sleep(0.05)
    return answer


def status(url: str) -> int:
    """The status of a page; 0 where nobody answers."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def page(url: str) -> str:
    """The text of a page."""
    with urllib.request.urlopen(url, timeout=20) as answer:
        assert answer.status == 200
        return answer.read().decode()


def metric(url: str, name: str) -> float:
    """The sum of a metric over its labels."""
    lines = [line for line in page(url).splitlines() if line.startswith((name + " ", name + "{"))]
    assert lines, f"{url} has no {name}"
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines)
