"""Why a request is not answered with a timeline: one sentence for the caller, one kind for the wire.

RefusalError
├── InvalidArgumentError    the caller must change the request
└── UnavailableError        the same request may succeed later or elsewhere
    └── CalledOffError      nobody waits for the answer any more
"""

from __future__ import annotations

from typing import ClassVar

from sd_engine import wire


class RefusalError(Exception):
    """A request that is refused; its text is the sentence that the caller reads."""

    kind: ClassVar[str] = wire.INTERNAL
    outcome: ClassVar[str] = wire.INTERNAL


class InvalidArgumentError(RefusalError):
    kind = outcome = wire.INVALID_ARGUMENT


class UnavailableError(RefusalError):
    kind = outcome = wire.UNAVAILABLE


class CalledOffError(UnavailableError):
    outcome = "cancelled"
