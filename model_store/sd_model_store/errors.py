"""Errors of the model store: one class for each failure reason; the text is a sentence for the user.

ModelStoreError
├── TokenMissingError         a repository is gated and no access token is configured
├── TokenInvalidError         the hub rejects the access token
├── TokenLacksGatedReadError  the token is valid and has no permission to read gated repositories
├── TermsNotAcceptedError     the token's account has not accepted the terms shown on `pages`
├── RepositoryNotFoundError   the repository does not exist, or is private and not readable with the token
├── RevisionNotFoundError     the repository exists, the revision does not
├── HubUnreachableError       no response, no response in time, or a response that is not a hub's
├── InsufficientSpaceError    the volume is too small
├── CacheUnusableError        the volume is not writable, or another process holds its lock for too long
├── CorruptError              content that does not match its expected digest or format
└── UnsupportedPipelineError  a pipeline that the engine cannot run
"""

from __future__ import annotations

from typing import ClassVar


class ModelStoreError(Exception):
    """Base class of all errors of the model store."""

    reason: ClassVar[str]
    """The CamelCase reason that conditions and termination messages contain."""

    def __init__(self, message: str, pages: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.pages = pages
        """URLs of the web pages on which the user has to act."""


class TokenMissingError(ModelStoreError):
    reason = "TokenMissing"


class TokenInvalidError(ModelStoreError):
    reason = "TokenInvalid"


class TokenLacksGatedReadError(ModelStoreError):
    reason = "TokenLacksGatedRead"


class TermsNotAcceptedError(ModelStoreError):
    reason = "TermsNotAccepted"


class RepositoryNotFoundError(ModelStoreError):
    reason = "RepositoryNotFound"


class RevisionNotFoundError(ModelStoreError):
    reason = "RevisionNotFound"


class HubUnreachableError(ModelStoreError):
    reason = "HubUnreachable"


class InsufficientSpaceError(ModelStoreError):
    reason = "InsufficientSpace"


class CacheUnusableError(ModelStoreError):
    reason = "CacheUnusable"


class CorruptError(ModelStoreError):
    reason = "Corrupt"


class UnsupportedPipelineError(ModelStoreError):
    reason = "UnsupportedPipeline"
