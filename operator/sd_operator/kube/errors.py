"""What can come of a request to the API server.

KubeError
├── RejectedError     the API server understood the request and refused it; its sentence says why
│   └── AlreadyExistsError    what was to be new is there already
├── UnavailableError  no answer, or one that says "later": try again
└── LeaseLostError    a write that was not sent, because another operator may be the one that writes now
"""

import json
from http import HTTPStatus
from typing import cast

from sd_operator.resources import Manifest

LATER = (429, 500, 502, 503, 504)


class KubeError(Exception):
    """A request to the API server did not do what it was sent for; the text is a sentence."""


class RejectedError(KubeError):
    """The API server refused; `status` is the HTTP status."""

    def __init__(self, sentence: str, status: int) -> None:
        super().__init__(sentence)
        self.status = status


class AlreadyExistsError(RejectedError):
    """Something has the name of what was to be new; `live` is what has it."""

    def __init__(self, live: Manifest) -> None:
        super().__init__(f"{live['kind']} {live['metadata']['name']} is there already", HTTPStatus.CONFLICT)
        self.live = live


class UnavailableError(KubeError):
    """No answer, or one that asks to come back later."""


class LeaseLostError(KubeError):
    """The time within which this operator may write is over."""

    def __init__(self) -> None:
        super().__init__("This operator no longer holds the Lease; whoever does writes instead.")


def kube_error(status: int, reason: str, body: bytes) -> KubeError:
    """The error that an answer of the API server stands for."""
    sentence = _sentence(body) or f"the API server answered HTTP {status} {reason}"
    return UnavailableError(sentence) if status in LATER else RejectedError(sentence, status)


def _sentence(body: bytes) -> str:
    """The message of the API server's Status object; what is in front of it may answer with anything else."""
    try:
        status = json.loads(body or b"{}")
    except ValueError:
        return ""
    return str(cast("Manifest", status).get("message", "")) if isinstance(status, dict) else ""
