"""Send a request over HTTP with the binary tensor extension, on a connection of its own."""

# tritonclient has no type annotations; the protocols in tensors.py describe what is used of it.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Generator
from contextlib import contextmanager

from gevent.ssl import create_default_context
from geventhttpclient.response import HTTPParseError
from tritonclient import http
from tritonclient.utils import InferenceServerException

from sd_client import tensors
from sd_client.error_response import ErrorResponse
from sd_client.errors import (
    ConnectionFailedError,
    InvalidRequestError,
    InvalidResponseError,
    ResponseTimeoutError,
    SdError,
    ServerError,
    ServiceUnavailableError,
    UrlError,
)
from sd_client.request import MODEL, DiarizationRequest
from sd_client.service_url import ServiceUrl

CONNECT_TIMEOUT_S = 10.0

_INVALID_REQUEST = ("400", "413")
_UNAVAILABLE = ("429", "502", "503")  # 502: from a proxy whose pod has just ended


def send(service: ServiceUrl, request: DiarizationRequest, timeout_s: float) -> bytes:
    """Send a request and return the JSON text of its result.

    Raises:
        SdError: there is no result; see `errors.py`.
    """
    with _translated_errors(service, timeout_s), _client(service, timeout_s) as client:
        result = client.infer(
            MODEL,
            tensors.inputs(http.InferInput, request),
            request_id=request.request_id,
            parameters=request.parameters,
            headers={"Connection": "close"},  # an idle connection would delay a pod that is shutting down
        )
        return tensors.result_text(result)


def _client(service: ServiceUrl, timeout_s: float) -> http.InferenceServerClient:
    return http.InferenceServerClient(
        service.location,
        connection_timeout=min(CONNECT_TIMEOUT_S, timeout_s),
        network_timeout=timeout_s,  # the default of 60 s is too short for a long recording
        ssl=service.is_encrypted,
        ssl_context_factory=create_default_context,
    )


@contextmanager
def _translated_errors(service: ServiceUrl, timeout_s: float) -> Generator[None]:
    """Raise the libraries' exceptions as this client's."""
    started_s = time.monotonic()
    try:
        yield
    except InferenceServerException as error:
        raise _request_error(service, ErrorResponse.from_http(error)) from error
    except TimeoutError as error:
        raise _timeout_error(service, timeout_s, time.monotonic() - started_s) from error
    except (OSError, HTTPParseError) as error:
        raise _connection_error(service, error) from error
    except (ValueError, KeyError) as error:
        raise InvalidResponseError(f"{service} sent a response that is not Triton's: {error}") from error


def _request_error(service: ServiceUrl, response: ErrorResponse) -> SdError:
    if response.status in _UNAVAILABLE:
        return ServiceUnavailableError(
            f"{service} cannot process the recording now ({response.status}): {response.message}"
        )
    if response.status in _INVALID_REQUEST:
        return InvalidRequestError(f"{service} rejected the request ({response.status}): {response.message}")
    return ServerError(f"{service} failed ({response.status}): {response.message}")


def _timeout_error(service: ServiceUrl, timeout_s: float, passed_s: float) -> SdError:
    if passed_s < timeout_s:  # only connecting has a shorter limit
        return ConnectionFailedError(f"{service} did not accept a connection within {CONNECT_TIMEOUT_S:.0f} s.")
    return ResponseTimeoutError(f"{service} did not respond within {timeout_s:.0f} s.")


def _connection_error(service: ServiceUrl, error: Exception) -> SdError:
    if isinstance(error, socket.gaierror) and error.errno == socket.EAI_NONAME:
        return UrlError(f"{service} cannot be reached: there is no host of that name.")
    if isinstance(error, ssl.SSLCertVerificationError):
        return UrlError(f"{service} is not trusted: {error.verify_message}.")
    return ConnectionFailedError(f"{service} cannot be reached: {_reason(error)}.")


def _reason(error: Exception) -> str:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return reason.rstrip(".").lower() or "the connection broke"
