"""A killed process is restarted alone, and every request in flight gets a response."""

import time

import pytest
from sd_harness.cluster import cluster, demo_service
from sd_harness.cluster.inference_client import diarize, request_body, send_concurrently, start_request

ENGINE_RECOVERY_S = 20


@pytest.mark.timing
def test_after_a_killed_engine_requests_get_503_and_the_service_recovers_within_20_s(
    short_clip: bytes, conversation: bytes
) -> None:
    pod = demo_service.new_pod()["metadata"]["name"]
    expected = diarize(short_clip).timeline
    in_flight = [start_request(conversation) for _ in range(2)]
    cluster.kill_processes(pod, "engine", "sd_engine")
    killed_s = time.monotonic()
    for future in in_flight:
        response = future.result(timeout=30)
        assert response.status == 503
        assert response.error_message.endswith(".")
        assert "engine" in response.error_message
    cluster.wait_until(lambda: _succeeds(short_clip), timeout_s=60)
    recovery_s = time.monotonic() - killed_s
    assert diarize(short_clip).timeline == expected
    assert cluster.restart_counts(pod) == {"engine": 1, "triton": 0}
    assert recovery_s <= ENGINE_RECOVERY_S


def _succeeds(recording: bytes) -> bool:
    try:
        return diarize(recording).status == 200
    except OSError:  # while no pod is ready, the connection is refused or reset
        return False


def test_a_killed_stub_restarts_triton_but_not_the_engine(short_clip: bytes) -> None:
    pod = demo_service.new_pod()["metadata"]["name"]
    cluster.kill_processes(pod, "triton", "triton_python_backend_stub", first_only=True)
    cluster.wait_until(lambda: cluster.restart_counts(pod)["triton"] >= 1, timeout_s=180, interval_s=2)
    cluster.wait_until(lambda: cluster.is_ready(cluster.read("pod", pod)), timeout_s=180)
    restarts = cluster.restart_counts(pod)
    assert restarts["engine"] == 0
    assert restarts["triton"] == 1 or demo_service.has_triton_aborted(pod)
    cluster.wait_until(lambda: _succeeds(short_clip), timeout_s=30)
    responses = send_concurrently([request_body(short_clip)] * 16)
    assert [response.status for response in responses] == [200] * 16


def test_a_deleted_pod_completes_its_requests_in_flight(conversation: bytes) -> None:
    pod = demo_service.new_pod()["metadata"]["name"]
    in_flight = [start_request(conversation) for _ in range(3)]
    deleted_s = time.monotonic()
    cluster.kubectl("delete", "pod", pod, "--wait=false")
    responses = [future.result(timeout=120) for future in in_flight]
    assert time.monotonic() - deleted_s >= 5, "The requests ended before the pod stopped accepting new ones."
    assert [response.status for response in responses] == [200] * 3
    assert [response.timeline["num_speakers"] for response in responses] == [3] * 3
    cluster.wait_until(lambda: pod not in {p["metadata"]["name"] for p in cluster.read("pods")["items"]}, timeout_s=90)
