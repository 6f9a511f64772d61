"""`diarize` over gRPC: what is sent, what is raised."""

from __future__ import annotations

import base64

import grpc
import pytest
from sd_client import (
    BusyError,
    ConnectionFailedError,
    NoAnswerError,
    RefusedError,
    SdError,
    Segment,
    ServerError,
    diarize,
)
from v2_grpc_stand_in import GrpcService

RECORDING = b"RIFF\x00\xff not really"


def test_a_recording_comes_back_as_a_timeline(grpc_service: GrpcService) -> None:
    answer = diarize(RECORDING, url=grpc_service.url)
    assert answer.segments[0] == Segment(0.5, 3.25, "SPEAKER_00")


def test_everything_asked_arrives(grpc_service: GrpcService) -> None:
    diarize(RECORDING, url=grpc_service.url, num_speakers=2, max_speakers=3, include=["exclusive"], request_id="call-7")
    (asked,) = grpc_service.asked
    assert (asked.model_name, asked.id) == ("speaker_diarization", "call-7")
    assert [tensor.name for tensor in asked.inputs] == ["AUDIO_DATA", "NUM_SPEAKERS"]
    assert [content[4:] for content in asked.raw_input_contents] == [base64.b64encode(RECORDING), b"2"]
    assert asked.parameters["max_speakers"].int64_param == 3
    assert asked.parameters["include"].string_param == "exclusive"


FAILURES: list[tuple[grpc.StatusCode, type[SdError]]] = [
    (grpc.StatusCode.INVALID_ARGUMENT, RefusedError),
    (grpc.StatusCode.UNAVAILABLE, BusyError),
    (grpc.StatusCode.INTERNAL, ServerError),
    (grpc.StatusCode.NOT_FOUND, ServerError),
]


@pytest.mark.parametrize(("status", "raised"), FAILURES)
def test_a_failure_is_raised_as_what_it_is(
    grpc_service: GrpcService, status: grpc.StatusCode, raised: type[SdError]
) -> None:
    grpc_service.failures = [(status, "The sentence.")]
    with pytest.raises(raised, match=rf"\({status.name}\): The sentence\.") as caught:
        diarize(RECORDING, url=grpc_service.url, retries=0)
    assert type(caught.value) is raised


def test_a_busy_service_is_asked_again(grpc_service: GrpcService) -> None:
    grpc_service.failures = [(grpc.StatusCode.UNAVAILABLE, "Full.")]
    assert len(diarize(RECORDING, url=grpc_service.url).segments) == 3
    assert len(grpc_service.asked) == 2


def test_no_answer_in_time_is_said(grpc_service: GrpcService) -> None:
    grpc_service.delay_s = 1.0
    with pytest.raises(NoAnswerError, match=r"gave no answer within 0 s\.|gave no answer within 1 s\."):
        diarize(RECORDING, url=grpc_service.url, timeout_s=0.6)


def test_a_closed_port_is_a_failed_connection(closed_port: int) -> None:
    with pytest.raises(ConnectionFailedError, match=r"cannot be reached: connection refused.*\."):
        diarize(RECORDING, url=f"grpc://127.0.0.1:{closed_port}", retries=0)
