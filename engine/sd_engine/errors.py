"""Exceptions that end a request without a timeline. Their text is the message that the caller reads.

RequestError
├── InvalidArgumentError          the caller must change the request (HTTP 400)
└── UnavailableError              the same request may succeed later or on another replica (HTTP 503)
    └── RequestCancelledError     the caller no longer waits for the response
"""

from __future__ import annotations

from typing import ClassVar

from sd_engine import wire

SHUTTING_DOWN = "The engine is shutting down; try again, another replica will respond."
"""Message of all requests that are rejected or interrupted because the engine ends."""


class RequestError(Exception):
    """A request that failed for a reason that its caller can act on.

    `code` is one of the error codes of `wire`; `outcome` is the value of the `outcome` label in the metrics.
    """

    code: ClassVar[str] = wire.INTERNAL
    outcome: ClassVar[str] = wire.INTERNAL


class InvalidArgumentError(RequestError):
    """The recording or an option is invalid."""

    code = outcome = wire.INVALID_ARGUMENT


class UnavailableError(RequestError):
    """The engine cannot serve the request at the moment."""

    code = outcome = wire.UNAVAILABLE


class RequestCancelledError(UnavailableError):
    """The caller cancelled the request."""

    outcome = "cancelled"
