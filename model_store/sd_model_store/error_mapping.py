"""What a hub's refusal means, told apart by the answer itself; the exceptions of its client mix several causes up."""

from __future__ import annotations

import ssl
from collections.abc import Generator
from contextlib import contextmanager

import httpx2
from huggingface_hub.errors import HfHubHTTPError

from sd_model_store import messages
from sd_model_store.errors import HubUnreachableError, SupplyError
from sd_model_store.messages import Question

_CREDENTIALS, _FORBIDDEN, _NOT_FOUND = 401, 403, 404


@contextmanager
def told_apart(question: Question) -> Generator[None]:
    """Raises our errors for what the hub's client raises inside."""
    try:
        yield
    except HfHubHTTPError as error:
        raise _refused(question, error.response, error.server_message) from error
    except httpx2.HTTPError as error:
        raise _unreachable(question, error) from error


def _refused(question: Question, response: httpx2.Response, said: str | None) -> SupplyError:
    match response.headers.get("X-Error-Code"):
        case "RevisionNotFound":
            return messages.revision_not_found(question)
        case "EntryNotFound":
            return messages.file_not_found(question, response.url.path)
        case "RepoNotFound":
            return messages.repository_not_found(question)
        case "GatedRepo" if response.status_code == _FORBIDDEN and question.with_token:
            return messages.terms_not_accepted((question.repository,))
        case _:
            return _refused_without_code(question, response.status_code, said)


def _refused_without_code(question: Question, status: int, said: str | None) -> SupplyError:
    """The older refusals, and a gated repository's to somebody whom the hub does not know."""
    if status == _NOT_FOUND or messages.is_disabled(said):
        return messages.repository_not_found(question, said)
    if status not in (_CREDENTIALS, _FORBIDDEN):
        return messages.failing(question, status, said)
    if not question.with_token:
        return messages.token_missing((question.repository,))
    return messages.token_invalid(question) if status == _CREDENTIALS else messages.lacks_gated_read(question, said)


def _unreachable(question: Question, error: httpx2.HTTPError) -> HubUnreachableError:
    endpoint = question.endpoint
    if _is_about_certificates(error):
        return HubUnreachableError(
            f"The certificate of {endpoint} is not trusted: {error}. If it is a mirror with a certificate of your "
            "own, give its CA bundle."
        )
    if isinstance(error, httpx2.TimeoutException):
        return HubUnreachableError(
            f"{endpoint} stopped answering when asked for {question.repository}. What has arrived is kept; "
            "check the network, then try again."
        )
    return HubUnreachableError(
        f"{endpoint} cannot be reached: {str(error) or type(error).__name__}. "
        "Check the network, the DNS and any proxy on the way, or name a mirror as the endpoint."
    )


def _is_about_certificates(error: BaseException) -> bool:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError) or "CERTIFICATE_VERIFY_FAILED" in str(cause):
            return True
        cause = cause.__cause__ or cause.__context__
    return False
