"""`diarize` over gRPC: requests, results and errors."""

from __future__ import annotations

import grpc
import pytest
from fake_grpc_service import GrpcService
from sd_client import (
    ConnectionFailedError,
    InvalidRequestError,
    ResponseTimeoutError,
    SdError,
    Segment,
    ServerError,
    ServiceUnavailableError,
    diarize,
)

RECORDING = b"RIFF\x00\xff not really"


def test_a_recording_gives_a_timeline(grpc_service: GrpcService) -> None:
    timeline = diarize(RECORDING, url=grpc_service.url)
    assert timeline.segments[0] == Segment(0.5, 3.25, "SPEAKER_00")


def test_all_options_are_sent(grpc_service: GrpcService) -> None:
    diarize(RECORDING, url=grpc_service.url, num_speakers=2, max_speakers=3, include=["exclusive"], request_id="call-7")
    (request,) = grpc_service.requests
    assert (request.model_name, request.id) == ("speaker_diarization", "call-7")
    assert [tensor.name for tensor in request.inputs] == ["AUDIO_DATA", "NUM_SPEAKERS"]
    assert [content[4:] for content in request.raw_input_contents] == [RECORDING, b"2"]
    assert request.parameters["max_speakers"].int64_param == 3
    assert request.parameters["include"].string_param == "exclusive"


FAILURES: list[tuple[grpc.StatusCode, type[SdError]]] = [
    (grpc.StatusCode.INVALID_ARGUMENT, InvalidRequestError),
    (grpc.StatusCode.UNAVAILABLE, ServiceUnavailableError),
    (grpc.StatusCode.INTERNAL, ServerError),
    (grpc.StatusCode.NOT_FOUND, ServerError),
]


@pytest.mark.parametrize(("status", "raised"), FAILURES)
def test_each_status_is_raised_as_its_exception(
    grpc_service: GrpcService, status: grpc.StatusCode, raised: type[SdError]
) -> None:
    grpc_service.failures = [(status, "The message.")]
    with pytest.raises(raised, match=rf"\({status.name}\): The message\.") as caught:
        diarize(RECORDING, url=grpc_service.url, retries=0)
    assert type(caught.value) is raised


def test_a_request_is_retried_while_the_service_is_unavailable(grpc_service: GrpcService) -> None:
    grpc_service.failures = [(grpc.StatusCode.UNAVAILABLE, "Full.")]
    assert len(diarize(RECORDING, url=grpc_service.url).segments) == 3
    assert len(grpc_service.requests) == 2


def test_a_late_response_is_a_timeout(grpc_service: GrpcService) -> None:
    grpc_service.delay_s = 1.0
    with pytest.raises(ResponseTimeoutError, match=r"did not respond within 0 s\.|did not respond within 1 s\."):
        diarize(RECORDING, url=grpc_service.url, timeout_s=0.6)


def test_a_closed_port_is_a_failed_connection(closed_port: int) -> None:
    with pytest.raises(ConnectionFailedError, match=r"cannot be reached: connection refused.*\."):
        diarize(RECORDING, url=f"grpc://127.0.0.1:{closed_port}", retries=0)
