"""The request contract: every client, on this host and in another pod, gets the timeline of stock pyannote."""

import base64
import json
import os
import subprocess
import sys
from collections.abc import Callable
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

POD_URL = "demo.default.svc:8000"
POD_GRPC_URL = "demo.default.svc:8001"

TRITONCLIENT = """
import base64, importlib, sys, numpy
protocol, url, encoding, speakers = sys.argv[1:]
triton = importlib.import_module(f"tritonclient.{protocol}")
def bytes_input(name, value):
    tensor = triton.InferInput(name, [1, 1], "BYTES")
    tensor.set_data_from_numpy(numpy.array([[value]], dtype=object))
    return tensor
recording = sys.stdin.buffer.read()
inputs = [bytes_input("AUDIO_DATA", base64.b64encode(recording) if encoding == "base64" else recording)]
if speakers != "absent":
    inputs.append(bytes_input("NUM_SPEAKERS", speakers.encode()))
timeouts = {"network_timeout": 240, "connection_timeout": 10} if protocol == "http" else {}
with triton.InferenceServerClient(url, **timeouts) as client:
    result = client.infer("speaker_diarization", inputs)
print(result.as_numpy("DIARIZATION_RESULT")[0, 0].decode())
"""


class Host:
    """A client on this host, where the cluster kit maps the demo's ports to localhost."""

    url, grpc_url, metrics = "localhost:8700", "localhost:8701", ("localhost:8702", "localhost:8703")

    def run(self, *command: str, stdin: bytes = b"") -> bytes:
        """Return the stdout of a command."""
        environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
        completed = subprocess.run(command, input=stdin, capture_output=True, check=True, timeout=240, env=environment)
        return completed.stdout


class Pod(Host):
    """A client in a pod of another namespace."""

    url, grpc_url = POD_URL, POD_GRPC_URL
    metrics = ("demo.default.svc:8002", "demo.default.svc:8003")

    def run(self, *command: str, stdin: bytes = b"") -> bytes:
        """Return the stdout of a command in the pod."""
        kubectl = [str(kubectl_command.program()), "--kubeconfig", str(paths.kubeconfig())]
        return super().run(*kubectl, "exec", "-i", "client", "-n", cluster.NAMESPACE, "--", *command, stdin=stdin)


@pytest.fixture(scope="module", params=[Host, Pod])
def client(request: pytest.FixtureRequest, client_pod: str) -> Host:
    """The client that sends the requests."""
    assert client_pod
    return request.param()


@pytest.mark.parametrize("inputs", ["base64 absent", "base64 ", "base64 2", "raw absent", "raw 2"])
@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_tritonclient_gets_the_timeline_of_stock_pyannote(
    client: Host, protocol: str, inputs: str, clip: bytes, stock: dict[str, Any]
) -> None:
    url = client.url if protocol == "http" else client.grpc_url
    encoding, speakers = inputs.split(" ")
    timeline = json.loads(client.run("python", "-c", TRITONCLIENT, protocol, url, encoding, speakers, stdin=clip))
    assert segments(timeline) == stock[speakers.replace("absent", "")]
    assert timeline["speakers"] == sorted({segment["speaker"] for segment in timeline["segments"]})
    assert timeline["num_speakers"] == len(timeline["speakers"])
    assert timeline["total_segments"] == len(timeline["segments"])


@pytest.mark.parametrize("speakers", [None, "", "2"])
def test_curl_with_json_gets_the_timeline_of_stock_pyannote(
    client: Host, speakers: str | None, clip: bytes, stock: dict[str, Any]
) -> None:
    body = json.dumps(request_body(clip, speakers)).encode()
    response = json.loads(_curl(client, INFER_PATH, "--data-binary", "@-", stdin=body))
    timeline = json.loads(response["outputs"][0]["data"][0])
    assert segments(timeline) == stock[speakers or ""]


def test_the_sd_command_gets_a_timeline(client: Host, clip: bytes) -> None:
    stdout = client.run("sd", "diarize", "-", "--url", f"http://{client.url}", "--format", "json", stdin=clip)
    assert json.loads(stdout)["total_segments"] > 0


def test_health_index_config_and_metrics_are_served(client: Host) -> None:
    assert _curl(client, "/v2/health/ready") == b""
    (model,) = json.loads(_curl(client, "/v2/repository/index", "-X", "POST"))
    assert (model["name"], model["state"]) == ("speaker_diarization", "READY")
    config = json.loads(_curl(client, "/v2/models/speaker_diarization/config"))
    assert config["backend"] == "python"
    assert config["max_batch_size"] == 16
    assert config["dynamic_batching"]["preferred_batch_size"] == [1, 2, 4, 8, 16]
    assert config["instance_group"][0]["count"] == 16
    triton, engine = (client.run("curl", "-sSf", f"http://{address}/metrics").decode() for address in client.metrics)
    assert "nv_inference_request_success{" in triton
    assert "sd_requests_total{" in engine


def _curl(client: Host, path: str, *options: str, stdin: bytes = b"") -> bytes:
    return client.run("curl", "-sSf", "--max-time", "200", *options, f"http://{client.url}{path}", stdin=stdin)


def test_the_whole_conversation_gets_the_timeline_of_stock_pyannote(
    conversation: bytes, conversation_path: Path
) -> None:
    timeline = diarize(conversation).timeline
    assert segments(timeline) == stock_segments(conversation_path, "")[""]
    assert timeline["num_speakers"] == 3


def test_parameters_limit_the_speakers_and_add_the_requested_keys(clip: bytes) -> None:
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
    actual = segments(diarize(recording.read_bytes()).timeline)
    if format_name == "flac":  # lossless
        assert actual == stock[""]
    assert actual[-1][1] == pytest.approx(stock[""][-1][1], abs=0.3)


def test_a_new_pod_answers_sixteen_concurrent_requests_and_triton_counts_them(short_clip: bytes) -> None:
    """Triton reports one end for all requests of a batch, so its sum is at most twice the clients' waiting time."""
    demo_service.new_pod()
    responses = send_concurrently([request_body(short_clip)] * 16)
    assert [response.status for response in responses] == [200] * 16
    assert len({json.dumps(response.timeline) for response in responses}) == 1
    cluster.wait_until(
        lambda: metric_sum(TRITON_METRICS_URL, "nv_inference_request_success") == 16,
        timeout_s=5,
    )
    server_s = metric_sum(TRITON_METRICS_URL, "nv_inference_request_duration_us") / 1e6
    assert 0.7 <= server_s / sum(response.duration_s for response in responses) <= 2


@pytest.mark.parametrize(
    "encode",
    [base64.encodebytes, base64.urlsafe_b64encode, lambda clip: b"data:audio/wav;base64," + base64.b64encode(clip)],
    ids=["line breaks", "URL-safe", "data URL"],
)
def test_other_forms_of_base64_give_the_same_timeline(
    encode: Callable[[bytes], bytes], clip: bytes, stock: dict[str, Any]
) -> None:
    body = request_body(clip)
    body["inputs"][0]["data"] = [encode(clip).decode()]
    assert segments(send(body).timeline) == stock[""]


def test_a_speaker_count_within_the_bounds_is_exact(clip: bytes, stock: dict[str, Any]) -> None:
    assert segments(diarize(clip, "2", min_speakers=1, max_speakers=4).timeline) == stock["2"]
