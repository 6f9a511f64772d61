"""What breaks is repaired alone, and nobody's answer is lost without a word."""

import time

from sd_harness.cluster import calls, cluster

RIGHT_AGAIN_WITHIN_S = 20


def test_a_killed_engine_costs_503_and_is_right_again_within_20_s(short: bytes, conversation: bytes) -> None:
    took_s = _killed_engine(short, conversation)
    if took_s > RIGHT_AGAIN_WITHIN_S:  # its start is one import of torch, twice as long on cores that others use
        took_s = _killed_engine(short, conversation)
    assert took_s <= RIGHT_AGAIN_WITHIN_S, f"The engine was right again only after {took_s:.1f} s, twice."


def _killed_engine(short: bytes, conversation: bytes) -> float:
    """How long it took until a pod whose engine was killed answered again, in seconds."""
    pod = cluster.fresh_demo_pod()["metadata"]["name"]
    expected = calls.diarize(short).timeline
    in_flight = [calls.in_background(conversation) for _ in range(2)]
    cluster.kill(pod, "engine", "sd_engine")
    killed = time.monotonic()
    for answer in in_flight:
        reply = answer.result(timeout=30)
        assert reply.status == 503
        assert reply.sentence.endswith(".")
        assert "engine" in reply.sentence
    cluster.until(lambda: _answers(short), within_s=60)
    took_s = time.monotonic() - killed
    assert calls.diarize(short).timeline == expected
    assert cluster.restarts(pod) == {"engine": 1, "triton": 0}
    return took_s


def _answers(short: bytes) -> bool:
    try:
        return calls.diarize(short).status == 200
    except OSError:  # no pod is ready: the connection is refused, or cut
        return False


def test_a_killed_stub_restarts_triton_alone(short: bytes) -> None:
    pod = cluster.fresh_demo_pod()["metadata"]["name"]
    cluster.kill(pod, "triton", "triton_python_backend_stub", all_of_them=False)
    cluster.until(lambda: cluster.restarts(pod)["triton"] >= 1, within_s=180, every_s=2)
    cluster.until(lambda: cluster.is_ready(cluster.read("pod", pod)), within_s=180)
    restarts = cluster.restarts(pod)
    assert restarts["engine"] == 0
    assert restarts["triton"] == 1 or cluster.triton_aborted(pod)
    cluster.until(lambda: _answers(short), within_s=30)
    replies = calls.at_once([calls.question(short)] * 16)
    assert [reply.status for reply in replies] == [200] * 16


def test_a_deleted_pod_answers_what_it_has_in_flight(conversation: bytes) -> None:
    pod = cluster.fresh_demo_pod()["metadata"]["name"]
    answers = [calls.in_background(conversation) for _ in range(3)]
    deleted = time.monotonic()
    cluster.kubectl("delete", "pod", pod, "--wait=false")
    replies = [answer.result(timeout=120) for answer in answers]
    assert time.monotonic() - deleted >= 5, "The requests were over too soon to show anything."
    assert [reply.status for reply in replies] == [200] * 3
    assert [reply.timeline["num_speakers"] for reply in replies] == [3] * 3
    cluster.until(lambda: pod not in {p["metadata"]["name"] for p in cluster.read("pods")["items"]}, within_s=90)
