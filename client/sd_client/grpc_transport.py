"""Send a request over gRPC, on a connection of its own."""

# tritonclient has no type annotations; the protocols in tensors.py describe what is used of it.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false

from __future__ import annotations

from tritonclient import grpc
from tritonclient.utils import InferenceServerException

from sd_client import tensors
from sd_client.error_response import ErrorResponse
from sd_client.errors import (
    ConnectionFailedError,
    InvalidRequestError,
    ResponseTimeoutError,
    SdError,
    ServerError,
    ServiceUnavailableError,
)
from sd_client.request import MODEL, DiarizationRequest
from sd_client.service_url import ServiceUrl

CONNECT_TIMEOUT_S = 10.0

_NOT_CONNECTED = ("UNAVAILABLE", "DEADLINE_EXCEEDED")


def send(service: ServiceUrl, request: DiarizationRequest, timeout_s: float) -> bytes:
    """Send a request and return the JSON text of its result.

    Raises:
        SdError: there is no result; see `errors.py`.
    """
    with grpc.InferenceServerClient(service.location, ssl=service.is_encrypted) as client:
        _connect(client, service, min(CONNECT_TIMEOUT_S, timeout_s))
        try:
            result = client.infer(
                MODEL,
                tensors.inputs(grpc.InferInput, request),
                request_id=request.request_id,
                parameters=request.parameters,
                client_timeout=timeout_s,
            )
        except InferenceServerException as error:
            raise _request_error(service, ErrorResponse.from_grpc(error), timeout_s) from error
        return tensors.result_text(result)


def _connect(client: grpc.InferenceServerClient, service: ServiceUrl, timeout_s: float) -> None:
    """Connect by a cheap call: for an inference, UNAVAILABLE can mean no connection or a full service."""
    try:
        client.is_server_live(client_timeout=timeout_s)
    except InferenceServerException as error:
        raise _connection_error(service, ErrorResponse.from_grpc(error)) from error


def _connection_error(service: ServiceUrl, response: ErrorResponse) -> SdError:
    if response.status in _NOT_CONNECTED:
        reason = response.message.rpartition(": ")[2]  # gRPC lists every address that it tried before the reason
        return ConnectionFailedError(f"{service} cannot be reached: {reason.lower()}.")
    return ServerError(f"{service} does not respond as Triton does ({response.status}): {response.message}")


def _request_error(service: ServiceUrl, response: ErrorResponse, timeout_s: float) -> SdError:
    match response.status:
        case "UNAVAILABLE":
            return ServiceUnavailableError(
                f"{service} cannot process the recording now (UNAVAILABLE): {response.message}"
            )
        case "INVALID_ARGUMENT":
            return InvalidRequestError(f"{service} rejected the request (INVALID_ARGUMENT): {response.message}")
        case "DEADLINE_EXCEEDED":
            return ResponseTimeoutError(f"{service} did not respond within {timeout_s:.0f} s.")
        case status:
            return ServerError(f"{service} failed ({status}): {response.message}")
