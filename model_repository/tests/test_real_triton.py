"""The adapter in a real Triton with a fake engine: the request contract as a client sees it."""

from __future__ import annotations

import base64
import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
import tritonclient.grpc
import tritonclient.http
from engine_connection import LOST, UNREACHABLE
from sd_harness.engine.stand_in_engine import StandInEngine, eventually, instructions
from sd_harness.engine.triton_process import MAX_REQUEST_BYTES, Triton
from tritonclient.utils import InferenceServerException

ADAPTERS = [f"speaker_diarization_0_{number}" for number in range(4)]


@pytest.fixture(autouse=True)
def connected_engine(triton: Triton) -> Iterator[StandInEngine]:
    with StandInEngine(triton.socket_path) as engine:
        eventually(lambda: sorted(engine.connections) == ADAPTERS)
        yield engine


def audio(recording: bytes) -> dict[str, Any]:
    return tensor("AUDIO_DATA", base64.b64encode(recording).decode())


def tensor(name: str, *strings: str) -> dict[str, Any]:
    return {"name": name, "shape": [len(strings), 1], "datatype": "BYTES", "data": list(strings)}


def infer(triton: Triton, *inputs: dict[str, Any], **parameters: object) -> tuple[int, Any]:
    """Send one JSON request as a form, as curl does; return the status and the timeline or the error message."""
    body = json.dumps({"id": "request-1", "parameters": parameters, "inputs": inputs}).encode()
    request = urllib.request.Request(f"http://{triton.url()}/v2/models/speaker_diarization/infer", body)
    try:
        with urllib.request.urlopen(request, timeout=20) as response:
            return response.status, json.loads(json.loads(response.read())["outputs"][0]["data"][0])
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())["error"]


def test_a_request_and_its_parameters_reach_the_engine(triton: Triton) -> None:
    status, echo = infer(
        triton,
        audio(instructions()),
        tensor("NUM_SPEAKERS", "2"),
        max_speakers=4,
        include="embeddings",
        timeout=1_000_000,
    )
    del echo["adapter"]
    options = {"num_speakers": "2", "parameters": {"max_speakers": 4, "include": "embeddings"}}
    assert (status, echo) == (200, {"request_id": "request-1", "options": options, "instructions": {}})


@pytest.mark.parametrize("protocol", [tritonclient.http, tritonclient.grpc])
def test_base64_from_tritons_own_clients_is_decoded(triton: Triton, protocol: Any) -> None:
    client = protocol.InferenceServerClient(triton.url("grpc" if protocol is tritonclient.grpc else "http"))
    response = client.infer(
        "speaker_diarization",
        [_client_input(protocol, base64.b64encode(instructions()))],
        request_id="mine",
        priority=1,
        timeout=1_000_000,
        outputs=[protocol.InferRequestedOutput("DIARIZATION_RESULT")],
        parameters={"min_speakers": 2},
    )
    client.close()
    result = response.as_numpy("DIARIZATION_RESULT")
    assert result.shape == (1, 1)
    assert json.loads(result.item())["options"] == {"num_speakers": "", "parameters": {"min_speakers": 2}}


@pytest.mark.parametrize("protocol", [tritonclient.http, tritonclient.grpc])
def test_raw_bytes_from_tritons_own_clients_arrive_unchanged(
    triton: Triton, connected_engine: StandInEngine, protocol: Any
) -> None:
    recording = instructions(padding="x" * (MAX_REQUEST_BYTES - 100)) + b"\x00\xff" + bytes(range(32))
    with protocol.InferenceServerClient(triton.url("grpc" if protocol is tritonclient.grpc else "http")) as client:
        response = client.infer("speaker_diarization", [_client_input(protocol, recording + b"\x00")])
    assert json.loads(response.as_numpy("DIARIZATION_RESULT").item())["instructions"]["padding"]
    assert connected_engine.recordings[-1] == recording + b"\x00"


@pytest.mark.parametrize("protocol", [tritonclient.http, tritonclient.grpc])
def test_raw_bytes_over_the_limit_are_rejected(triton: Triton, protocol: Any) -> None:
    with (
        protocol.InferenceServerClient(triton.url("grpc" if protocol is tritonclient.grpc else "http")) as client,
        pytest.raises(InferenceServerException, match="The recording has 4194305 bytes; at most 4194304 are allowed"),
    ):
        client.infer("speaker_diarization", [_client_input(protocol, b"\xff" * (MAX_REQUEST_BYTES + 1))])


def test_the_largest_recording_in_base64_with_line_breaks_is_accepted(
    triton: Triton, connected_engine: StandInEngine
) -> None:
    recording = instructions(padding="x" * (MAX_REQUEST_BYTES - 15))
    assert len(recording) == MAX_REQUEST_BYTES
    wrapped = base64.encodebytes(recording).decode().replace("\n", "\r\n")
    assert infer(triton, tensor("AUDIO_DATA", wrapped))[0] == 200
    assert connected_engine.recordings[-1] == recording


@pytest.mark.parametrize(
    ("inputs", "parameters", "message"),
    [
        ([tensor("NUM_SPEAKERS", "2")], {}, "AUDIO_DATA is missing; send a recording, as raw bytes or in base64."),
        ([tensor("AUDIO_DATA", "UklG", "UklG")], {}, "AUDIO_DATA has the shape [2, 1]; send one recording per request"),
        ([tensor("AUDIO_DATA", "")], {}, "AUDIO_DATA is empty; send a recording, as raw bytes or in base64."),
        ([tensor("AUDIO_DATA", "UklG" * 20 + "!")], {}, "AUDIO_DATA is not base64 (Only base64 data is allowed)"),
        ([audio(b"x" * (MAX_REQUEST_BYTES + 1))], {}, "The recording has 4194305 bytes; at most 4194304 are allowed"),
        ([audio(instructions()), tensor("NUM_SPEAKERS", "9" * 70_000)], {}, "NUM_SPEAKERS or the request's parameters"),
        ([audio(instructions())], {"include": "x" * 70_000}, "NUM_SPEAKERS or the request's parameters are too long"),
        ([audio(instructions(error=["invalid_argument", "Too long."]))], {}, "Too long."),
    ],
)
def test_an_invalid_request_gets_400_and_a_message(
    triton: Triton, inputs: list[dict[str, Any]], parameters: dict[str, Any], message: str
) -> None:
    status, text = infer(triton, *inputs, **parameters)
    assert (status, text[: len(message)]) == (400, message)


def test_a_large_request_with_the_content_type_of_a_form_does_not_crash_triton(triton: Triton) -> None:
    process_id = triton.process_id()
    recording = instructions(padding="x" * (MAX_REQUEST_BYTES - 100))
    assert infer(triton, audio(recording))[1]["instructions"] == json.loads(recording)
    assert triton.process_id() == process_id


def test_an_invalid_request_of_a_batch_fails_and_the_others_succeed(
    triton: Triton, connected_engine: StandInEngine
) -> None:
    executions = triton.counter("nv_inference_exec_count")
    with ThreadPoolExecutor(12) as threads:
        busy = [threads.submit(infer, triton, audio(instructions(duration_s=3))) for _ in ADAPTERS]
        eventually(lambda: len(connected_engine.requests) == len(ADAPTERS))
        waiting = [
            threads.submit(
                infer, triton, audio(instructions(number=number)) if number % 2 else tensor("AUDIO_DATA", "")
            )
            for number in range(8)
        ]
        responses = [response.result() for response in waiting]
        assert [response.result()[0] for response in busy] == [200] * len(ADAPTERS)
    assert [status for status, _ in responses] == [400, 200] * 4
    assert [response["instructions"] for _, response in responses[1::2]] == [
        {"number": number} for number in (1, 3, 5, 7)
    ]
    assert triton.counter("nv_inference_exec_count") - executions < 12  # some of them were batched


def test_a_short_request_does_not_wait_for_the_long_one_in_its_batch(
    triton: Triton, connected_engine: StandInEngine
) -> None:
    with ThreadPoolExecutor(6) as threads:
        busy = [threads.submit(infer, triton, audio(instructions(duration_s=0.7))) for _ in ADAPTERS]
        eventually(lambda: len(connected_engine.requests) == len(ADAPTERS))
        long = threads.submit(infer, triton, audio(instructions(duration_s=3)))
        short = threads.submit(infer, triton, audio(instructions(duration_s=0.1)))
        assert short.result()[0] == 200
        assert not long.done()
        assert [response.result()[0] for response in (*busy, long)] == [200] * 5


def test_a_cancellation_over_grpc_reaches_the_engine(triton: Triton, connected_engine: StandInEngine) -> None:
    client = tritonclient.grpc.InferenceServerClient(triton.url("grpc"))
    call = client.async_infer(
        "speaker_diarization",
        [_client_input(tritonclient.grpc, instructions(duration_s=10))],
        lambda _response, _error: None,
    )
    assert call is not None
    eventually(lambda: connected_engine.requests)
    before = time.monotonic()
    call.cancel()
    eventually(lambda: connected_engine.cancelled_after_s)
    assert time.monotonic() - before < 5  # of ten
    client.close()


def test_without_an_engine_triton_responds_with_503_until_the_engine_returns(
    triton: Triton, connected_engine: StandInEngine
) -> None:
    process_id = triton.process_id()
    with ThreadPoolExecutor(2) as threads:
        in_flight = [threads.submit(infer, triton, audio(instructions(duration_s=10))) for _ in range(2)]
        eventually(lambda: len(connected_engine.requests) == 2)
        connected_engine.stop()
        assert [response.result() for response in in_flight] == [(503, LOST)] * 2
    before = time.monotonic()
    assert infer(triton, audio(instructions())) == (503, UNREACHABLE)
    assert time.monotonic() - before < 5
    connected_engine.start()
    eventually(lambda: sorted(connected_engine.connections) == ADAPTERS)
    assert infer(triton, audio(instructions()))[0] == 200
    assert triton.process_id() == process_id


def test_tritons_metrics_agree_with_the_clients_measurements(triton: Triton) -> None:
    names = ("nv_inference_request_success", "nv_inference_request_duration_us", "nv_inference_request_failure")
    before = [triton.counter(name) for name in names]

    def timed(_: int) -> tuple[int, float]:
        started = time.monotonic()
        status, _ = infer(triton, audio(instructions(duration_s=0.5)))
        return status, time.monotonic() - started

    with ThreadPoolExecutor(8) as threads:
        responses = list(threads.map(timed, range(8)))
    assert [status for status, _ in responses] == [200] * 8
    eventually(lambda: triton.counter(names[0]) - before[0] == 8)
    duration_us = triton.counter(names[1]) - before[1]
    # Triton ends the requests of a batch together, so it reports at most twice the time that each caller waited.
    assert 8 * 500_000 <= duration_us < 2e6 * sum(waited_s for _, waited_s in responses)
    assert triton.counter(names[2]) == before[2]


def _client_input(protocol: Any, content: bytes) -> Any:
    audio_data = protocol.InferInput("AUDIO_DATA", [1, 1], "BYTES")
    audio_data.set_data_from_numpy(np.array([[content]], dtype=np.object_))
    return audio_data
