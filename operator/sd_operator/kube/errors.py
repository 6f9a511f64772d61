"""Errors of requests to the API server.

KubeError
├── RejectedError         the API server rejected the request; its message says why
│   └── AlreadyExistsError    an object of that name exists already
├── UnavailableError      no response, or one that asks to retry later
└── LeaseLostError        a write was not sent, because another operator may hold the Lease
"""

import json
from http import HTTPStatus
from typing import cast

from sd_operator.resources import Manifest

RETRYABLE_STATUSES = (429, 500, 502, 503, 504)


class KubeError(Exception):
    """A request to the API server failed; the text is a sentence."""


class RejectedError(KubeError):
    """The API server rejected the request with the HTTP `status`."""

    def __init__(self, sentence: str, status: int) -> None:
        super().__init__(sentence)
        self.status = status


class AlreadyExistsError(RejectedError):
    """An object of the new object's name exists; `live` is the existing object."""

    def __init__(self, live: Manifest) -> None:
        super().__init__(f"{live['kind']} {live['metadata']['name']} already exists", HTTPStatus.CONFLICT)
        self.live = live


class UnavailableError(KubeError):
    """There was no response, or one that asks to retry later."""


class LeaseLostError(KubeError):
    """This operator's Lease no longer permits writes."""

    def __init__(self) -> None:
        super().__init__("This operator no longer holds the Lease; the write was not sent.")


def error_from_response(status: int, reason: str, body: bytes) -> KubeError:
    """The error for a response of the API server with an HTTP status of 400 or above."""
    sentence = _status_message(body) or f"the API server returned HTTP {status} {reason}"
    return UnavailableError(sentence) if status in RETRYABLE_STATUSES else RejectedError(sentence, status)


def _status_message(body: bytes) -> str:
    """The message of a Status object; empty if the body is something else, such as a proxy's error page."""
    try:
        status = json.loads(body or b"{}")
    except ValueError:
        return ""
    return str(cast("Manifest", status).get("message", "")) if isinstance(status, dict) else ""
