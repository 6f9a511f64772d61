"""Pods come and go under load, by a changed spec and by scaling, and no caller notices."""

import json
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from sd_harness.cluster import cluster, demo_service
from sd_harness.cluster.inference_client import request_body, send
from sd_kit.cluster import diarization_service

CALLERS = 2


@contextmanager
def load(recording: bytes) -> Iterator[Counter[int]]:
    """Callers that ask again and again, each time on a new connection; counts what they got by HTTP status."""
    demo_service.wait_until_it_answers()
    body, over, got = request_body(recording), threading.Event(), Counter[int]()

    def call() -> None:
        while not over.is_set():
            try:
                got[send(body).status] += 1
            except OSError:
                got[0] += 1

    with ThreadPoolExecutor(CALLERS) as threads:
        working = [threads.submit(call) for _ in range(CALLERS)]
        try:
            cluster.wait_until(lambda: got[200] >= CALLERS, timeout_s=60)
            yield got
            enough = got[200] + CALLERS
            cluster.wait_until(lambda: got[200] >= enough, timeout_s=60)
        finally:
            over.set()
    for each in working:
        each.result()


def test_a_rollout_loses_no_request(short: bytes) -> None:
    before = _uids()
    with load(short) as got:
        _set_adapters(8)
        cluster.wait_until(lambda: _uids().isdisjoint(before) and _serves(), timeout_s=240)
    assert got.keys() == {200}, got
    _set_adapters(None)  # back to the default
    diarization_service.wait_until_ready("demo")


def test_scaling_up_and_down_loses_no_request(short: bytes) -> None:
    with load(short) as got:
        cluster.kubectl("scale", "diar/demo", "--replicas=2")
        cluster.wait_until(lambda: sum(map(cluster.is_ready, demo_service.pods())) == 2, timeout_s=240)
        cluster.kubectl("scale", "diar/demo", "--replicas=1")
        cluster.wait_until(lambda: len(demo_service.pods()) == 1, timeout_s=60)
        leaving = cluster.read("pods", "-l", demo_service.SELECTOR)["items"]
        assert leaving
        cluster.wait_until(lambda: len(cluster.read("pods", "-l", demo_service.SELECTOR)["items"]) == 1, timeout_s=120)
    assert got.keys() == {200}, got
    diarization_service.wait_until_ready("demo")


def _set_adapters(number: int | None) -> None:
    patch = json.dumps({"spec": {"serving": {"adapters": number}}})
    cluster.kubectl("patch", "diar", "demo", "--type=merge", "-p", patch)


def _uids() -> set[str]:
    return {pod["metadata"]["uid"] for pod in demo_service.pods()}


def _serves() -> bool:
    conditions = cluster.read("diar", "demo")["status"]["conditions"]
    return next(each["status"] for each in conditions if each["type"] == "Ready") == "True"
