"""What breaks is repaired alone, and nobody's answer is lost without a word."""

import time

from sd_harness.cluster import cluster, demo_service
from sd_harness.cluster.inference_client import diarize, request_body, send_concurrently, start_request

RIGHT_AGAIN_WITHIN_S = 20


def test_a_killed_engine_costs_503_and_is_right_again_within_20_s(short: bytes, conversation: bytes) -> None:
    took_s = _killed_engine(short, conversation)
    if took_s > RIGHT_AGAIN_WITHIN_S:  # its start is one import of torch, twice as long on cores that others use
        took_s = _killed_engine(short, conversation)
    assert took_s <= RIGHT_AGAIN_WITHIN_S, f"The engine was right again only after {took_s:.1f} s, twice."


def _killed_engine(short: bytes, conversation: bytes) -> float:
    """How long it took until a pod whose engine was killed answered again, in seconds."""
    pod = demo_service.new_pod()["metadata"]["name"]
    expected = diarize(short).timeline
    in_flight = [start_request(conversation) for _ in range(2)]
    cluster.kill_processes(pod, "engine", "sd_engine")
    killed = time.monotonic()
    for answer in in_flight:
        reply = answer.result(timeout=30)
        assert reply.status == 503
        assert reply.error_message.endswith(".")
        assert "engine" in reply.error_message
    cluster.wait_until(lambda: _answers(short), timeout_s=60)
    took_s = time.monotonic() - killed
    assert diarize(short).timeline == expected
    assert cluster.restart_counts(pod) == {"engine": 1, "triton": 0}
    return took_s


def _answers(short: bytes) -> bool:
    try:
        return diarize(short).status == 200
    except OSError:  # no pod is ready: the connection is refused, or cut
        return False


def test_a_killed_stub_restarts_triton_alone(short: bytes) -> None:
    pod = demo_service.new_pod()["metadata"]["name"]
    cluster.kill_processes(pod, "triton", "triton_python_backend_stub", first_only=True)
    cluster.wait_until(lambda: cluster.restart_counts(pod)["triton"] >= 1, timeout_s=180, interval_s=2)
    cluster.wait_until(lambda: cluster.is_ready(cluster.read("pod", pod)), timeout_s=180)
    restarts = cluster.restart_counts(pod)
    assert restarts["engine"] == 0
    assert restarts["triton"] == 1 or demo_service.has_triton_aborted(pod)
    cluster.wait_until(lambda: _answers(short), timeout_s=30)
    replies = send_concurrently([request_body(short)] * 16)
    assert [reply.status for reply in replies] == [200] * 16


def test_a_deleted_pod_answers_what_it_has_in_flight(conversation: bytes) -> None:
    pod = demo_service.new_pod()["metadata"]["name"]
    answers = [start_request(conversation) for _ in range(3)]
    deleted = time.monotonic()
    cluster.kubectl("delete", "pod", pod, "--wait=false")
    replies = [answer.result(timeout=120) for answer in answers]
    assert time.monotonic() - deleted >= 5, "The requests were over too soon to show anything."
    assert [reply.status for reply in replies] == [200] * 3
    assert [reply.timeline["num_speakers"] for reply in replies] == [3] * 3
    cluster.wait_until(lambda: pod not in {p["metadata"]["name"] for p in cluster.read("pods")["items"]}, timeout_s=90)
