"""Errors with their messages for failed hub requests: the failure, the repository, and the web page to open."""

from __future__ import annotations

from dataclasses import dataclass

from sd_model_store.errors import (
    HubUnreachableError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
    TermsNotAcceptedError,
    TokenInvalidError,
    TokenLacksGatedReadError,
    TokenMissingError,
    UnsupportedPipelineError,
)

TOKENS_PAGE = "https://huggingface.co/settings/tokens"
_STORE_TOKEN = "store it in the Secret (outside of Kubernetes: in HUGGING_FACE_HUB_TOKEN)"  # noqa: S105 - a sentence
_TOO_MANY_REQUESTS = 429
_MAX_QUOTED_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class HubRequest:
    """The context of a request to a hub, for error messages."""

    endpoint: str
    repository: str
    revision: str
    has_token: bool


def repository_page(repository: str) -> str:
    """Return the page on which a user accepts a repository's terms; a mirror has no such page."""
    return f"https://huggingface.co/{repository}"


def terms_not_accepted(repositories: tuple[str, ...]) -> TermsNotAcceptedError:
    """Return one error for all repositories, so that the user can accept all terms at once."""
    pages = tuple(repository_page(repository) for repository in repositories)
    return TermsNotAcceptedError(
        f"Access to {_enumerated(repositories)} requires accepting {_their(repositories)} terms at "
        f"{_enumerated(pages)} with the account of this token.",
        pages,
    )


def token_missing(repositories: tuple[str, ...]) -> TokenMissingError:
    pages = tuple(repository_page(repository) for repository in repositories)
    return TokenMissingError(
        f"No access token is configured, and access to {_enumerated(repositories)} requires one. "
        f"Accept {_their(repositories)} terms at {_enumerated(pages)}, create a token at {TOKENS_PAGE}, "
        f"and {_STORE_TOKEN}.",
        (*pages, TOKENS_PAGE),
    )


def token_invalid(request: HubRequest) -> TokenInvalidError:
    return TokenInvalidError(
        f"{request.endpoint} rejected the access token: it is mistyped, expired or revoked. "
        f"Create a new token at {TOKENS_PAGE} and {_STORE_TOKEN}.",
        (TOKENS_PAGE,),
    )


def token_lacks_gated_read(request: HubRequest, server_message: str | None) -> TokenLacksGatedReadError:
    return TokenLacksGatedReadError(
        f"The access token is valid but has no permission to read {request.repository}"
        f"{f' (message of the hub: {_truncated(server_message)})' if server_message else ''}. Edit the token at "
        f"{TOKENS_PAGE} and enable 'Read access to contents of all public gated repos you can access', or use a token "
        "of the type 'Read'.",
        (TOKENS_PAGE,),
    )


def revision_not_found(request: HubRequest) -> RevisionNotFoundError:
    return RevisionNotFoundError(
        f"{request.repository} at {request.endpoint} has no revision {request.revision}. "
        f"Its revisions are listed at {repository_page(request.repository)}/commits/main."
    )


def file_not_found(request: HubRequest, path: str) -> UnsupportedPipelineError:
    return UnsupportedPipelineError(
        f"{request.repository} at {request.endpoint} has no file {path}, which the pipeline needs."
    )


def repository_not_found(request: HubRequest, server_message: str | None = None) -> RepositoryNotFoundError:
    if is_disabled(server_message):
        return RepositoryNotFoundError(f"{request.repository} has been disabled at {request.endpoint}.")
    private = "this token cannot read it" if request.has_token else "no access token is configured"
    return RepositoryNotFoundError(
        f"The repository {request.repository} does not exist at {request.endpoint}, or it is private and {private}. "
        "Check the name of the pipeline."
    )


def request_failed(request: HubRequest, status: int, server_message: str | None) -> HubUnreachableError:
    failure = "rejected the request because of its rate limit" if status == _TOO_MANY_REQUESTS else "failed"
    detail = f": {_truncated(server_message)}" if server_message else ""
    return HubUnreachableError(
        f"{request.endpoint} {failure} (HTTP {status}{detail}) for {request.repository}. Retry later."
    )


def is_disabled(server_message: str | None) -> bool:
    """Return True if the hub's message means that the repository has been disabled."""
    return server_message is not None and "Access to this resource is disabled" in server_message


def _enumerated(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _their(repositories: tuple[str, ...]) -> str:
    return "its" if len(repositories) == 1 else "their"


def _truncated(server_message: str) -> str:
    """Return the beginning of a server's message on one line."""
    line = " ".join(server_message.split())
    return line if len(line) <= _MAX_QUOTED_CHARACTERS else line[:_MAX_QUOTED_CHARACTERS] + "…"
