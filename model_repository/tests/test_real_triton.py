"""The adapter inside a real Triton, with a stand-in for the engine: the request contract as a client meets it."""

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
from connection import ABSENT, LOST
from sd_harness.engine.stand_in_engine import StandInEngine, eventually, order
from sd_harness.engine.triton_process import MAX_REQUEST_BYTES, Triton

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
    """The status, and the timeline or the error's sentence, of one JSON request sent as a form, as curl does it."""
    body = json.dumps({"id": "request-1", "parameters": parameters, "inputs": inputs}).encode()
    request = urllib.request.Request(f"http://{triton.url()}/v2/models/speaker_diarization/infer", body)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, json.loads(json.loads(answer.read())["outputs"][0]["data"][0])
    except urllib.error.HTTPError as refusal:
        return refusal.code, json.loads(refusal.read())["error"]


def test_a_request_and_its_parameters_reach_the_engine(triton: Triton) -> None:
    status, echo = infer(
        triton, audio(order()), tensor("NUM_SPEAKERS", "2"), max_speakers=4, include="embeddings", timeout=1_000_000
    )
    del echo["adapter"]
    asked = {"num_speakers": 2, "max_speakers": 4, "include": ["embeddings"]}
    assert (status, echo) == (200, {"request_id": "request-1", "asked": asked, "order": {}})


@pytest.mark.parametrize("protocol", [tritonclient.http, tritonclient.grpc])
def test_tritons_own_clients_are_understood(triton: Triton, protocol: Any) -> None:
    client = protocol.InferenceServerClient(triton.url("grpc" if protocol is tritonclient.grpc else "http"))
    answer = client.infer(
        "speaker_diarization",
        [_client_input(protocol, order())],
        request_id="mine",
        priority=1,
        timeout=1_000_000,
        outputs=[protocol.InferRequestedOutput("DIARIZATION_RESULT")],
        parameters={"min_speakers": 2},
    )
    client.close()
    result = answer.as_numpy("DIARIZATION_RESULT")
    assert result.shape == (1, 1)
    assert json.loads(result.item())["asked"] == {"min_speakers": 2}


@pytest.mark.parametrize(
    ("inputs", "parameters", "sentence"),
    [
        ([tensor("NUM_SPEAKERS", "2")], {}, "AUDIO_DATA is missing; send a recording in base64."),
        ([tensor("AUDIO_DATA", "UklG", "UklG")], {}, "AUDIO_DATA has the shape [2, 1]; send one recording per request"),
        ([tensor("AUDIO_DATA", "")], {}, "AUDIO_DATA is empty; send a recording in base64."),
        ([tensor("AUDIO_DATA", "not base64!")], {}, "AUDIO_DATA is not base64 (Only base64 data is allowed)"),
        ([audio(b"x" * (MAX_REQUEST_BYTES + 1))], {}, "The recording has 4194305 bytes; at most 4194304 are allowed"),
        ([audio(order()), tensor("NUM_SPEAKERS", "0")], {}, 'NUM_SPEAKERS is "0"; it must be a whole number'),
        ([audio(order()), tensor("NUM_SPEAKERS", "two")], {}, 'NUM_SPEAKERS is "two"; it must be a whole number'),
        ([audio(order())], {"speakers": 2}, "Unknown parameter speakers; there are: min_speakers, max_speakers"),
        ([audio(order(refuse=["invalid_argument", "Too long."]))], {}, "Too long."),
    ],
)
def test_a_bad_request_gets_400_and_a_sentence(
    triton: Triton, inputs: list[dict[str, Any]], parameters: dict[str, Any], sentence: str
) -> None:
    status, answer = infer(triton, *inputs, **parameters)
    assert (status, answer[: len(sentence)]) == (400, sentence)


def test_a_large_request_that_calls_itself_a_form_does_not_crash_triton(triton: Triton) -> None:
    process_id = triton.process_id()
    recording = order(padding="x" * (MAX_REQUEST_BYTES - 100))
    assert infer(triton, audio(recording))[1]["order"] == json.loads(recording)
    assert triton.process_id() == process_id


def test_of_a_batch_the_bad_request_is_refused_and_its_neighbours_are_right(
    triton: Triton, connected_engine: StandInEngine
) -> None:
    executions = triton.counter("nv_inference_exec_count")
    with ThreadPoolExecutor(12) as threads:
        busy = [threads.submit(infer, triton, audio(order(work_s=3))) for _ in ADAPTERS]
        eventually(lambda: len(connected_engine.calls) == len(ADAPTERS))
        waiting = [
            threads.submit(infer, triton, audio(order(number=number)) if number % 2 else tensor("AUDIO_DATA", "!"))
            for number in range(8)
        ]
        answers = [answer.result() for answer in waiting]
        assert [answer.result()[0] for answer in busy] == [200] * len(ADAPTERS)
    assert [status for status, _ in answers] == [400, 200] * 4
    assert [answer["order"] for _, answer in answers[1::2]] == [{"number": number} for number in (1, 3, 5, 7)]
    assert triton.counter("nv_inference_exec_count") - executions < 12  # they did travel in batches


def test_a_short_request_does_not_wait_for_the_long_one_in_its_batch(
    triton: Triton, connected_engine: StandInEngine
) -> None:
    with ThreadPoolExecutor(6) as threads:
        busy = [threads.submit(infer, triton, audio(order(work_s=0.7))) for _ in ADAPTERS]
        eventually(lambda: len(connected_engine.calls) == len(ADAPTERS))
        long = threads.submit(infer, triton, audio(order(work_s=3)))
        short = threads.submit(infer, triton, audio(order(work_s=0.1)))
        assert short.result()[0] == 200
        assert not long.done()
        assert [answer.result()[0] for answer in (*busy, long)] == [200] * 5


def test_a_cancel_over_grpc_reaches_the_engine_while_it_works(triton: Triton, connected_engine: StandInEngine) -> None:
    client = tritonclient.grpc.InferenceServerClient(triton.url("grpc"))
    call = client.async_infer(
        "speaker_diarization", [_client_input(tritonclient.grpc, order(work_s=10))], lambda _answer, _error: None
    )
    assert call is not None
    eventually(lambda: connected_engine.calls)
    before = time.monotonic()
    call.cancel()
    eventually(lambda: connected_engine.cancelled_after_s)
    assert time.monotonic() - before < 5  # of ten
    client.close()


def test_without_an_engine_triton_answers_503_and_is_right_again_by_itself(
    triton: Triton, connected_engine: StandInEngine
) -> None:
    process_id = triton.process_id()
    with ThreadPoolExecutor(2) as threads:
        in_flight = [threads.submit(infer, triton, audio(order(work_s=10))) for _ in range(2)]
        eventually(lambda: len(connected_engine.calls) == 2)
        connected_engine.stop()
        assert [answer.result() for answer in in_flight] == [(503, LOST)] * 2
    before = time.monotonic()
    assert infer(triton, audio(order())) == (503, ABSENT)
    assert time.monotonic() - before < 5
    connected_engine.start()
    eventually(lambda: sorted(connected_engine.connections) == ADAPTERS)
    assert infer(triton, audio(order()))[0] == 200
    assert triton.process_id() == process_id


def test_tritons_own_numbers_agree_with_what_the_clients_saw(triton: Triton) -> None:
    names = ("nv_inference_request_success", "nv_inference_request_duration_us", "nv_inference_request_failure")
    before = [triton.counter(name) for name in names]

    def timed(_: int) -> tuple[int, float]:
        began_s = time.monotonic()
        status, _answer = infer(triton, audio(order(work_s=0.5)))
        return status, time.monotonic() - began_s

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(timed, range(8)))
    assert [status for status, _ in answers] == [200] * 8
    eventually(lambda: triton.counter(names[0]) - before[0] == 8)
    duration_us = triton.counter(names[1]) - before[1]
    # The requests of a batch end together in Triton's books: each is told at most twice what its caller waited.
    assert 8 * 500_000 <= duration_us < 2e6 * sum(waited_s for _, waited_s in answers)
    assert triton.counter(names[2]) == before[2]


def _client_input(protocol: Any, recording: bytes) -> Any:
    told = protocol.InferInput("AUDIO_DATA", [1, 1], "BYTES")
    told.set_data_from_numpy(np.array([[base64.b64encode(recording)]], dtype=np.object_))
    return told
