"""A sentence for each cause: what happened, to which repository, which page to open."""

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
_GIVEN = "put it into the secret (without Kubernetes: into HUGGING_FACE_HUB_TOKEN)"
_TOO_MANY = 429
_LONGEST_QUOTE = 200


@dataclass(frozen=True, slots=True)
class Question:
    """What the hub was asked for."""

    endpoint: str
    repository: str
    revision: str
    with_token: bool


def page(repository: str) -> str:
    """Where a person accepts a repository's terms; a mirror has no such page of its own."""
    return f"https://huggingface.co/{repository}"


def terms_not_accepted(repositories: tuple[str, ...]) -> TermsNotAcceptedError:
    """For one or for several: a person wants to open all the pages in one go."""
    pages = tuple(page(repository) for repository in repositories)
    return TermsNotAcceptedError(
        f"The token's account has not accepted the terms of {_listed(repositories)}. "
        f"Sign in with that account and accept them on {_listed(pages)}, then try again.",
        pages,
    )


def token_missing(repositories: tuple[str, ...]) -> TokenMissingError:
    pages = tuple(page(repository) for repository in repositories)
    return TokenMissingError(
        f"No token was given, and {_listed(repositories)} cannot be read without one. "
        f"Accept the terms on {_listed(pages)}, make a token on {TOKENS_PAGE}, and {_GIVEN}.",
        (*pages, TOKENS_PAGE),
    )


def token_invalid(question: Question) -> TokenInvalidError:
    return TokenInvalidError(
        f"{question.endpoint} does not accept the token: it is mistyped, expired or revoked. "
        f"Make a new one on {TOKENS_PAGE} and {_GIVEN}.",
        (TOKENS_PAGE,),
    )


def lacks_gated_read(question: Question, said: str | None) -> TokenLacksGatedReadError:
    return TokenLacksGatedReadError(
        f"The token is valid and may not read {question.repository}"
        f"{f' (the hub says: {_short(said)})' if said else ''}. On {TOKENS_PAGE}, edit the token and allow "
        "'Read access to contents of all public gated repos you can access', or use a token of the type 'Read'.",
        (TOKENS_PAGE,),
    )


def revision_not_found(question: Question) -> RevisionNotFoundError:
    return RevisionNotFoundError(
        f"{question.repository} at {question.endpoint} has no revision {question.revision}. "
        f"Its revisions are listed on {page(question.repository)}/commits/main."
    )


def file_not_found(question: Question, path: str) -> UnsupportedPipelineError:
    return UnsupportedPipelineError(
        f"{question.repository} at {question.endpoint} lacks a file that the pipeline needs: {path} is not there."
    )


def repository_not_found(question: Question, said: str | None = None) -> RepositoryNotFoundError:
    if is_disabled(said):
        return RepositoryNotFoundError(f"{question.repository} has been disabled at {question.endpoint}.")
    private = "it is private and the token may not read it" if question.with_token else "it is private: give a token"
    return RepositoryNotFoundError(
        f"There is no repository {question.repository} at {question.endpoint}, or {private}. Check the pipeline's name."
    )


def failing(question: Question, status: int, said: str | None) -> HubUnreachableError:
    what = "asks for fewer requests" if status == _TOO_MANY else "cannot answer now"
    return HubUnreachableError(
        f"{question.endpoint} {what} (HTTP {status}"
        f"{f': {_short(said)}' if said else ''}) when asked for {question.repository}. Try again later."
    )


def is_disabled(said: str | None) -> bool:
    return said is not None and "Access to this resource is disabled" in said


def _listed(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _short(said: str) -> str:
    """The beginning of what somebody else says, on one line."""
    line = " ".join(said.split())
    return line if len(line) <= _LONGEST_QUOTE else line[:_LONGEST_QUOTE] + "…"
