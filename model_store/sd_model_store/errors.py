"""Why a model is not there: one reason for each cause, and a sentence for the person who must act.

SupplyError
├── TokenMissingError         a repository is gated and no token was given
├── TokenInvalidError         the hub does not know the token
├── TokenLacksGatedReadError  the token is known and may not read gated repositories
├── TermsNotAcceptedError     the account has not accepted the terms on `pages`
├── RepositoryNotFoundError   no such repository, or a private one that the token may not see
├── RevisionNotFoundError     the repository is there, the revision is not
├── HubUnreachableError       no answer, not in time, or not from a hub
├── InsufficientSpaceError    the volume is too small
├── CacheUnusableError        the volume cannot be written, or another downloader never lets go of it
├── CorruptError              bytes that are not those that were promised
└── UnsupportedPipelineError  a pipeline that the engine does not run
"""

from __future__ import annotations

from typing import ClassVar


class SupplyError(Exception):
    """Any failure of this part; its text is the sentence."""

    reason: ClassVar[str]

    def __init__(self, sentence: str, pages: tuple[str, ...] = ()) -> None:
        super().__init__(sentence)
        self.pages = pages
        """The web pages on which a person has something to do."""


class TokenMissingError(SupplyError):
    reason = "TokenMissing"


class TokenInvalidError(SupplyError):
    reason = "TokenInvalid"


class TokenLacksGatedReadError(SupplyError):
    reason = "TokenLacksGatedRead"


class TermsNotAcceptedError(SupplyError):
    reason = "TermsNotAccepted"


class RepositoryNotFoundError(SupplyError):
    reason = "RepositoryNotFound"


class RevisionNotFoundError(SupplyError):
    reason = "RevisionNotFound"


class HubUnreachableError(SupplyError):
    reason = "HubUnreachable"


class InsufficientSpaceError(SupplyError):
    reason = "InsufficientSpace"


class CacheUnusableError(SupplyError):
    reason = "CacheUnusable"


class CorruptError(SupplyError):
    reason = "Corrupt"


class UnsupportedPipelineError(SupplyError):
    reason = "UnsupportedPipeline"
