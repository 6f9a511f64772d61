"""State of the fake hub: repositories, accounts, faults, and the requests it has received."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sd_harness.hub.hub_handler import Handler

GOOD_TOKEN = "hf_good0token"  # noqa: S105 - good here only
LARGE_FILE_BYTES = 1000
"""Files of at least this size are served by the CDN and identified by their sha256."""
WAIT_TIMEOUT_S = 90.0


@dataclass
class FakeRepository:
    """One repository; every revision resolves to its only commit."""

    files: dict[str, bytes]
    commit: str
    gated: bool = True
    private: bool = False
    revisions: tuple[str, ...] = ("main",)
    listed_size_bytes: int | None = None
    """The size that the file list claims for every large file; None = the actual size."""

    def listed_size(self, content: bytes) -> int:
        """Return the size of a file in the file list."""
        is_large = len(content) >= LARGE_FILE_BYTES
        return self.listed_size_bytes if self.listed_size_bytes and is_large else len(content)


@dataclass(frozen=True)
class Account:
    """Permissions of an access token."""

    accepted: frozenset[str] | None = None
    """Repositories whose terms are accepted; None = all."""
    reads_gated: bool = True


@dataclass(frozen=True)
class ReceivedRequest:
    """A request that the hub or its CDN has received."""

    method: str
    path: str
    token: str
    range: str
    port: int


Fault = Callable[["Handler"], bool]
"""A function called before each response; True = it has handled the request."""


@dataclass
class FakeHub:
    """One hub."""

    repositories: dict[str, FakeRepository]
    accounts: dict[str, Account] = field(default_factory=lambda: {GOOD_TOKEN: Account()})
    faults: list[Fault] = field(default_factory=list)
    requests: list[ReceivedRequest] = field(default_factory=list)
    sent_bytes: int = 0
    """Bytes of files sent by the CDN and by the hub itself."""
    before_chunk: Callable[[int], None] = lambda _: None
    """Called before each chunk of a response with the number of its bytes that have been sent."""
    url: str = ""
    cdn_url: str = ""
    cdn_port: int = 0

    def wait_for_cdn_request(self) -> None:
        """Wait until a download has sent its first request to the CDN."""
        self._wait(lambda: any(request.port == self.cdn_port for request in self.requests))

    def wait_for_request(self) -> None:
        """Wait until a download has sent its first request."""
        self._wait(lambda: bool(self.requests))

    def _wait(self, condition: Callable[[], bool]) -> None:
        deadline_s = time.monotonic() + WAIT_TIMEOUT_S
        while not condition():
            assert time.monotonic() < deadline_s, f"no request within {WAIT_TIMEOUT_S} s"
            time.sleep(0.005)

    def download_requests(self) -> list[ReceivedRequest]:
        """Return the requests for the content of files."""
        return [request for request in self.requests if request.method == "GET" and "/api/" not in request.path]
