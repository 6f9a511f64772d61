"""One question over gRPC, with a connection of its own."""

# tritonclient carries no types; the protocols in tensors.py say what is used of it.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false

from __future__ import annotations

from tritonclient import grpc
from tritonclient.utils import InferenceServerException

from sd_client import tensors
from sd_client.errors import (
    BusyError,
    ConnectionFailedError,
    NoAnswerError,
    RefusedError,
    SdError,
    ServerError,
)
from sd_client.failure import Failure
from sd_client.question import MODEL, Question
from sd_client.service_url import ServiceUrl

CONNECT_TIMEOUT_S = 10.0

_NOT_CONNECTED = ("UNAVAILABLE", "DEADLINE_EXCEEDED")


def ask(service: ServiceUrl, question: Question, timeout_s: float) -> bytes:
    """Sends one question and waits for the text of its answer.

    Raises:
        SdError: no answer; `errors.py` draws the tree.
    """
    with grpc.InferenceServerClient(service.location, ssl=service.is_encrypted) as client:
        _connect(client, service, min(CONNECT_TIMEOUT_S, timeout_s))
        try:
            result = client.infer(
                MODEL,
                tensors.inputs(grpc.InferInput, question),
                request_id=question.request_id,
                parameters=question.parameters,
                client_timeout=timeout_s,
            )
        except InferenceServerException as error:
            raise _failed(service, Failure.over_grpc(error), timeout_s) from error
        return tensors.result_text(result)


def _connect(client: grpc.InferenceServerClient, service: ServiceUrl, timeout_s: float) -> None:
    """Connects by a question that costs nothing: later on, UNAVAILABLE could mean no connection or a busy service."""
    try:
        client.is_server_live(client_timeout=timeout_s)
    except InferenceServerException as error:
        raise _not_connected(service, Failure.over_grpc(error)) from error


def _not_connected(service: ServiceUrl, failure: Failure) -> SdError:
    if failure.status in _NOT_CONNECTED:
        cause = failure.sentence.rpartition(": ")[2]  # gRPC tells every address it tried before it comes to the cause
        return ConnectionFailedError(f"{service} cannot be reached: {cause.lower()}.")
    return ServerError(f"{service} does not answer as Triton does ({failure.status}): {failure.sentence}")


def _failed(service: ServiceUrl, failure: Failure, timeout_s: float) -> SdError:
    match failure.status:
        case "UNAVAILABLE":
            return BusyError(f"{service} cannot take the recording now (UNAVAILABLE): {failure.sentence}")
        case "INVALID_ARGUMENT":
            return RefusedError(f"{service} refused (INVALID_ARGUMENT): {failure.sentence}")
        case "DEADLINE_EXCEEDED":
            return NoAnswerError(f"{service} gave no answer within {timeout_s:.0f} s.")
        case status:
            return ServerError(f"{service} failed ({status}): {failure.sentence}")
