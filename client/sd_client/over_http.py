"""One question over HTTP, with the binary tensor extension and a connection of its own."""

# tritonclient carries no types; the protocols in tensors.py say what is used of it.
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
from sd_client.errors import (
    AnswerError,
    BusyError,
    ConnectionFailedError,
    NoAnswerError,
    RefusedError,
    SdError,
    ServerError,
    UrlError,
)
from sd_client.failure import Failure
from sd_client.question import MODEL, Question
from sd_client.service_url import ServiceUrl

CONNECT_TIMEOUT_S = 10.0

_REFUSED = ("400", "413")
_BUSY = ("429", "502", "503")  # 502: a proxy in front, whose pod has just left


def ask(service: ServiceUrl, question: Question, timeout_s: float) -> bytes:
    """Sends one question and waits for the text of its answer.

    Raises:
        SdError: no answer; `errors.py` draws the tree.
    """
    with _sentences(service, timeout_s), _client(service, timeout_s) as client:
        result = client.infer(
            MODEL,
            tensors.inputs(http.InferInput, question),
            request_id=question.request_id,
            parameters=question.parameters,
            headers={"Connection": "close"},  # an idle connection would hold up a leaving pod
        )
        return tensors.result_text(result)


def _client(service: ServiceUrl, timeout_s: float) -> http.InferenceServerClient:
    return http.InferenceServerClient(
        service.location,
        connection_timeout=min(CONNECT_TIMEOUT_S, timeout_s),
        network_timeout=timeout_s,  # its own 60 s would give up on a long recording
        ssl=service.is_encrypted,
        ssl_context_factory=create_default_context,
    )


@contextmanager
def _sentences(service: ServiceUrl, timeout_s: float) -> Generator[None]:
    """Turns what the libraries raise into this client's errors."""
    started_s = time.monotonic()
    try:
        yield
    except InferenceServerException as error:
        raise _failed(service, Failure.over_http(error)) from error
    except TimeoutError as error:
        raise _timed_out(service, timeout_s, time.monotonic() - started_s) from error
    except (OSError, HTTPParseError) as error:
        raise _broken(service, error) from error
    except (ValueError, KeyError) as error:
        raise AnswerError(f"{service} gave an answer that cannot be read as Triton's: {error}") from error


def _failed(service: ServiceUrl, failure: Failure) -> SdError:
    if failure.status in _BUSY:
        return BusyError(f"{service} cannot take the recording now ({failure.status}): {failure.sentence}")
    if failure.status in _REFUSED:
        return RefusedError(f"{service} refused ({failure.status}): {failure.sentence}")
    return ServerError(f"{service} failed ({failure.status}): {failure.sentence}")


def _timed_out(service: ServiceUrl, timeout_s: float, passed_s: float) -> SdError:
    if passed_s < timeout_s:  # only connecting has a shorter limit
        return ConnectionFailedError(f"{service} did not accept a connection within {CONNECT_TIMEOUT_S:.0f} s.")
    return NoAnswerError(f"{service} gave no answer within {timeout_s:.0f} s.")


def _broken(service: ServiceUrl, error: Exception) -> SdError:
    if isinstance(error, socket.gaierror) and error.errno == socket.EAI_NONAME:
        return UrlError(f"{service} cannot be reached: there is no host of that name.")
    if isinstance(error, ssl.SSLCertVerificationError):
        return UrlError(f"{service} is not trusted: {error.verify_message}.")
    return ConnectionFailedError(f"{service} cannot be reached: {_reason(error)}.")


def _reason(error: Exception) -> str:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return reason.rstrip(".").lower() or "the connection broke"
