"""Rollouts and scaling under load lose no request."""

import json
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from sd_harness.cluster import cluster, demo_service
from sd_harness.cluster.inference_client import request_body, send
from sd_kit.cluster import diarization_service

CLIENTS = 2
CONNECTION_ERROR = 0


@contextmanager
def load(recording: bytes) -> Iterator[Counter[int]]:
    """Send requests continuously from several clients, each on a new connection; count the responses by status."""
    demo_service.wait_until_it_answers()
    body, stop, responses = request_body(recording), threading.Event(), Counter[int]()

    def send_requests() -> None:
        while not stop.is_set():
            try:
                responses[send(body).status] += 1
            except OSError:
                responses[CONNECTION_ERROR] += 1

    with ThreadPoolExecutor(CLIENTS) as threads:
        clients = [threads.submit(send_requests) for _ in range(CLIENTS)]
        try:
            cluster.wait_until(lambda: responses[200] >= CLIENTS, timeout_s=60)
            yield responses
            enough = responses[200] + CLIENTS
            cluster.wait_until(lambda: responses[200] >= enough, timeout_s=60)
        finally:
            stop.set()
    for client in clients:
        client.result()


def test_a_rollout_loses_no_request(short_clip: bytes) -> None:
    before = _uids()
    with load(short_clip) as responses:
        _set_adapters(8)
        cluster.wait_until(lambda: _uids().isdisjoint(before) and _is_service_ready(), timeout_s=240)
    assert responses.keys() == {200}, responses
    _set_adapters(None)  # the default
    diarization_service.wait_until_ready("demo")


def test_scaling_up_and_down_loses_no_request(short_clip: bytes) -> None:
    with load(short_clip) as responses:
        cluster.kubectl("scale", "diar/demo", "--replicas=2")
        cluster.wait_until(lambda: sum(map(cluster.is_ready, demo_service.pods())) == 2, timeout_s=240)
        cluster.kubectl("scale", "diar/demo", "--replicas=1")
        cluster.wait_until(lambda: len(demo_service.pods()) == 1, timeout_s=60)
        assert _all_pods()
        cluster.wait_until(lambda: len(_all_pods()) == 1, timeout_s=120)
    assert responses.keys() == {200}, responses
    diarization_service.wait_until_ready("demo")


def _all_pods() -> list[object]:
    """Return the demo's pods, including those being deleted."""
    return cluster.read("pods", "-l", demo_service.SELECTOR)["items"]


def _set_adapters(number: int | None) -> None:
    patch = json.dumps({"spec": {"serving": {"adapters": number}}})
    cluster.kubectl("patch", "diar", "demo", "--type=merge", "-p", patch)


def _uids() -> set[str]:
    return {pod["metadata"]["uid"] for pod in demo_service.pods()}


def _is_service_ready() -> bool:
    conditions = cluster.read("diar", "demo")["status"]["conditions"]
    return next(each["status"] for each in conditions if each["type"] == "Ready") == "True"
