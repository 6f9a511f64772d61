"""Mapping of a hub's error responses to errors of the model store.

It reads status and headers itself: the exception classes of huggingface_hub combine several causes in one class.
"""

from __future__ import annotations

import ssl
from collections.abc import Generator
from contextlib import contextmanager

import httpx2
from huggingface_hub.errors import HfHubHTTPError

from sd_model_store.errors import HubUnreachableError, ModelStoreError
from sd_model_store.hub import messages
from sd_model_store.hub.messages import HubRequest

_UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND = 401, 403, 404


@contextmanager
def mapped_errors(request: HubRequest) -> Generator[None]:
    """Map errors of huggingface_hub and httpx2 that are raised inside the block.

    Raises:
        ModelStoreError: The error with the reason and message for this request.
    """
    try:
        yield
    except HfHubHTTPError as error:
        raise _from_response(request, error.response, error.server_message) from error
    except httpx2.HTTPError as error:
        raise _from_connection_error(request, error) from error


def _from_response(request: HubRequest, response: httpx2.Response, server_message: str | None) -> ModelStoreError:
    match response.headers.get("X-Error-Code"):
        case "RevisionNotFound":
            return messages.revision_not_found(request)
        case "EntryNotFound":
            return messages.file_not_found(request, response.url.path)
        case "RepoNotFound":
            return messages.repository_not_found(request)
        case "GatedRepo" if response.status_code == _FORBIDDEN and request.has_token:
            return messages.terms_not_accepted((request.repository,))
        case _:
            return _from_status(request, response.status_code, server_message)


def _from_status(request: HubRequest, status: int, server_message: str | None) -> ModelStoreError:
    """Map a response by its status: it has no error code, or that of a gated repository without a valid token."""
    if status == _NOT_FOUND or messages.is_disabled(server_message):
        return messages.repository_not_found(request, server_message)
    if status not in (_UNAUTHORIZED, _FORBIDDEN):
        return messages.request_failed(request, status, server_message)
    if not request.has_token:
        return messages.token_missing((request.repository,))
    if status == _UNAUTHORIZED:
        return messages.token_invalid(request)
    return messages.token_lacks_gated_read(request, server_message)


def _from_connection_error(request: HubRequest, error: httpx2.HTTPError) -> HubUnreachableError:
    endpoint = request.endpoint
    if _is_certificate_error(error):
        return HubUnreachableError(
            f"The TLS certificate of {endpoint} is not trusted: {error}. If it is a mirror with a private certificate "
            "authority, configure its CA bundle."
        )
    if isinstance(error, httpx2.TimeoutException):
        return HubUnreachableError(
            f"{endpoint} did not respond in time to a request for {request.repository}. Downloaded data is kept. "
            "Check the network, then retry."
        )
    return HubUnreachableError(
        f"{endpoint} cannot be reached: {str(error) or type(error).__name__}. "
        "Check the network, DNS and proxy, or configure a mirror as the endpoint."
    )


def _is_certificate_error(error: BaseException) -> bool:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError) or "CERTIFICATE_VERIFY_FAILED" in str(cause):
            return True
        cause = cause.__cause__ or cause.__context__
    return False
