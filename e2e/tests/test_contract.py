"""The public face: every way to ask, from this host and from another pod, gets stock pyannote's answer."""

import base64
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sd_harness.cluster import cluster, demo_service
from sd_harness.cluster.inference_client import (
    INFER_PATH,
    TRITON_METRICS_URL,
    diarize,
    metric_sum,
    request_body,
    send,
    send_concurrently,
)
from sd_harness.cluster.oracle import segments, stock_segments
from sd_kit import paths
from sd_kit.cluster import kubectl as kubectl_command

pytestmark = pytest.mark.xdist_group("demo")
POD_URL = "demo.default.svc:8000"
POD_GRPC_URL = "demo.default.svc:8001"

TRITONCLIENT = """
import base64, importlib, sys, numpy
protocol, url, speakers = sys.argv[1:]
triton = importlib.import_module(f"tritonclient.{protocol}")
def text(name, value):
    tensor = triton.InferInput(name, [1, 1], "BYTES")
    tensor.set_data_from_numpy(numpy.array([[value]], dtype=object))
    return tensor
inputs = [text("AUDIO_DATA", base64.b64encode(sys.stdin.buffer.read()))]
if speakers != "absent":
    inputs.append(text("NUM_SPEAKERS", speakers.encode()))
slow = {"network_timeout": 240, "connection_timeout": 10} if protocol == "http" else {}
with triton.InferenceServerClient(url, **slow) as client:
    answer = client.infer("speaker_diarization", inputs)
print(answer.as_numpy("DIARIZATION_RESULT")[0, 0].decode())
"""


class Here:
    """This host, where the cluster kit maps the demo's ports to localhost."""

    url, grpc_url, metrics = "localhost:8700", "localhost:8701", ("localhost:8702", "localhost:8703")

    def run(self, *words: str, stdin: bytes = b"") -> bytes:
        command = ["env", f"PATH={Path(sys.executable).parent}:{os.environ['PATH']}", *words]
        return subprocess.run(command, input=stdin, capture_output=True, check=True, timeout=240).stdout


class InPod(Here):
    """Another pod of the cluster, in another namespace."""

    url, grpc_url = POD_URL, POD_GRPC_URL
    metrics = ("demo.default.svc:8002", "demo.default.svc:8003")

    def run(self, *words: str, stdin: bytes = b"") -> bytes:
        kubectl = [str(kubectl_command.program()), "--kubeconfig", str(paths.kubeconfig())]
        return super().run(*kubectl, "exec", "-i", "client", "-n", cluster.NAMESPACE, "--", *words, stdin=stdin)


@pytest.fixture(scope="module", params=[Here, InPod])
def place(request: pytest.FixtureRequest, client_pod: str) -> Here:
    """Where the request comes from."""
    assert client_pod
    return request.param()


@pytest.mark.parametrize("speakers", ["absent", "", "2"])
@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_tritonclient_gets_the_answer_of_stock_pyannote(
    place: Here, protocol: str, speakers: str, clip: bytes, stock: dict[str, Any]
) -> None:
    url = place.url if protocol == "http" else place.grpc_url
    timeline = json.loads(place.run("python", "-c", TRITONCLIENT, protocol, url, speakers, stdin=clip))
    assert segments(timeline) == stock[speakers.replace("absent", "")]
    assert timeline["speakers"] == sorted({segment["speaker"] for segment in timeline["segments"]})
    assert timeline["num_speakers"] == len(timeline["speakers"])
    assert timeline["total_segments"] == len(timeline["segments"])


@pytest.mark.parametrize("speakers", [None, "", "2"])
def test_curl_with_json_gets_the_answer_of_stock_pyannote(
    place: Here, speakers: str | None, clip: bytes, stock: dict[str, Any]
) -> None:
    body = json.dumps(request_body(clip, speakers)).encode()
    answer = json.loads(_curl(place, INFER_PATH, "--data-binary", "@-", stdin=body))
    timeline = json.loads(answer["outputs"][0]["data"][0])
    assert segments(timeline) == stock[speakers or ""]


def test_the_sd_command_gets_a_timeline_from_a_pod(place: Here, clip: bytes) -> None:
    answer = place.run("sd", "diarize", "-", "--url", f"http://{place.url}", "--format", "json", stdin=clip)
    assert json.loads(answer)["total_segments"] > 0


def test_health_index_config_and_metrics_answer(place: Here) -> None:
    assert _curl(place, "/v2/health/ready") == b""
    (model,) = json.loads(_curl(place, "/v2/repository/index", "-X", "POST"))
    assert (model["name"], model["state"]) == ("speaker_diarization", "READY")
    config = json.loads(_curl(place, "/v2/models/speaker_diarization/config"))
    assert config["backend"] == "python"
    assert config["max_batch_size"] == 16
    assert config["dynamic_batching"]["preferred_batch_size"] == [1, 2, 4, 8, 16]
    assert config["instance_group"][0]["count"] == 16
    triton, engine = (place.run("curl", "-sSf", f"http://{address}/metrics").decode() for address in place.metrics)
    assert "nv_inference_request_success{" in triton
    assert "sd_requests_total{" in engine


def _curl(place: Here, path: str, *words: str, stdin: bytes = b"") -> bytes:
    return place.run("curl", "-sSf", "--max-time", "200", *words, f"http://{place.url}{path}", stdin=stdin)


def test_the_whole_conversation_gets_the_answer_of_stock_pyannote(conversation: bytes, conversation_path: Path) -> None:
    timeline = diarize(conversation).timeline
    assert segments(timeline) == stock_segments(conversation_path, "")[""]
    assert timeline["num_speakers"] == 3


def test_parameters_bound_the_speakers_and_add_what_was_asked_for(clip: bytes) -> None:
    timeline = diarize(clip, max_speakers=2, include="exclusive,embeddings").timeline
    assert timeline["num_speakers"] <= 2
    assert set(timeline["embeddings"]) == set(timeline["speakers"])
    assert timeline["exclusive_segments"]


@pytest.mark.parametrize("format_name", ["flac", "mp3", "ogg", "m4a", "webm"])
def test_each_format_gives_a_timeline_over_the_whole_clip(
    format_name: str, clip_path: Path, tmp_path: Path, stock: dict[str, Any]
) -> None:
    recording = tmp_path / f"clip.{format_name}"
    codec = {"ogg": ["-c:a", "libopus"], "webm": ["-c:a", "libopus"]}.get(format_name, [])
    subprocess.run(["ffmpeg", "-v", "error", "-i", clip_path, *codec, recording], check=True)
    found = segments(diarize(recording.read_bytes()).timeline)
    if format_name == "flac":  # which loses nothing
        assert found == stock[""]
    assert found[-1][1] == pytest.approx(stock[""][-1][1], abs=0.3)


def test_sixteen_requests_at_once_to_a_fresh_pod_are_all_answered_and_counted_by_triton(short: bytes) -> None:
    """In Triton's books the requests of a batch end together: the sum is at most twice what the callers waited."""
    demo_service.new_pod()
    replies = send_concurrently([request_body(short)] * 16)
    assert [reply.status for reply in replies] == [200] * 16
    assert len({json.dumps(reply.timeline) for reply in replies}) == 1
    cluster.wait_until(
        lambda: metric_sum(TRITON_METRICS_URL, "nv_inference_request_success") == 16,
        timeout_s=5,
    )
    server_s = metric_sum(TRITON_METRICS_URL, "nv_inference_request_duration_us") / 1e6
    assert 0.7 <= server_s / sum(reply.duration_s for reply in replies) <= 2


def test_base64_with_line_breaks_is_refused_with_a_sentence(clip: bytes) -> None:
    body = request_body(clip)
    body["inputs"][0]["data"] = [base64.encodebytes(clip).decode()]
    reply = send(body)
    assert reply.status == 400
    assert "base64" in reply.error_message
