"""HTTP requests to the API server: authentication, timeouts, error mapping, and the lease check before each write."""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, NamedTuple, cast

import aiohttp
from aiohttp.abc import AbstractStreamWriter
from aiohttp.payload import BytesPayload
from kubernetes.aio import client
from kubernetes.aio.config import ConfigException

from sd_operator.kube.errors import LeaseLostError, UnavailableError, error_from_response
from sd_operator.kube.http_session import SessionFactory
from sd_operator.metrics import Metrics
from sd_operator.resources import Manifest

JSON = "application/json"
APPLY_PATCH = "application/apply-patch+yaml"
MERGE_PATCH = "application/merge-patch+json"

RemainingSeconds = Callable[[], float]
"""Returns the seconds for which the Lease still permits writes; zero or less if it does not."""


def unlimited() -> float:
    """The remaining seconds of a request that needs no Lease."""
    return math.inf


@dataclass(frozen=True, slots=True)
class Request:
    """One request; writes that need the Lease carry its remaining seconds."""

    method: str
    path: str
    query: dict[str, str] | None = None
    body: Manifest | list[Manifest] | None = None
    content_type: str = JSON
    timeout_s: float = 10
    lease_remaining_s: RemainingSeconds = unlimited


class _Response(NamedTuple):
    status: int
    reason: str
    body: bytes


class Connection:
    """Sends requests with kubernetes.aio's configuration and credentials, without its slower request building."""

    def __init__(
        self, configuration: client.Configuration, metrics: Metrics, user_agent: str = "sd-triton-operator"
    ) -> None:
        self._configuration = cast("Any", configuration)  # half of it has no types
        self._host = str(self._configuration.host).rstrip("/")
        self._sessions = SessionFactory(configuration)
        self._metrics = metrics
        self._user_agent = user_agent
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()

    async def send(self, request: Request) -> Any:  # noqa: ANN401 - JSON
        """Send a request and return the response's JSON.

        Raises:
            RejectedError: the API server rejected the request.
            UnavailableError: there was no response, or one that asks to retry later.
            LeaseLostError: the request is a write and the Lease no longer permits it; it was not sent.
        """
        timeout_s = min(request.timeout_s, request.lease_remaining_s())
        if timeout_s <= 0:
            raise LeaseLostError
        try:
            response = await self._exchange(request, timeout_s)
        except (TimeoutError, aiohttp.ClientError, OSError, ConfigException) as error:
            self._count(request, "<error>")
            if isinstance(error.__cause__, LeaseLostError):
                raise error.__cause__ from None
            detail = str(error) or f"no response within {timeout_s:.0f} s"
            raise UnavailableError(f"{request.method} {request.path} failed: {detail}") from error
        self._count(request, str(response.status))
        return _parse(request, response)

    def _count(self, request: Request, code: str) -> None:
        self._metrics.requests.labels(code, request.method, self._host).inc()

    async def _exchange(self, request: Request, timeout_s: float) -> _Response:
        headers = {"Accept": JSON, "User-Agent": self._user_agent, **await self._authorization()}
        exchange = self._open_session().request(
            request.method,
            self._host + request.path,
            params=request.query,
            data=None if request.body is None else _LeaseCheckedBody(request),
            headers=headers,
            timeout=aiohttp.ClientTimeout(total=timeout_s),
            **self._sessions.request_options(),
        )
        async with exchange as response:
            return _Response(response.status, str(response.reason), await response.read())

    async def _authorization(self) -> dict[str, str]:
        """The authorization header; kubernetes.aio refreshes its token when it expires."""
        token = (await self._configuration.auth_settings()).get("BearerToken")
        return {token["key"]: token["value"]} if token else {}

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None:  # a session needs the running event loop
            self._session = self._sessions.create()
        return self._session


def _parse(request: Request, response: _Response) -> Any:  # noqa: ANN401 - JSON
    if response.status >= HTTPStatus.BAD_REQUEST:
        raise error_from_response(response.status, response.reason, response.body)
    try:
        return json.loads(response.body)
    except ValueError as error:
        raise UnavailableError(f"{request.method} {request.path} returned a response that is not JSON.") from error


class _LeaseCheckedBody(BytesPayload):
    """A request body that checks the Lease immediately before it is written to the socket.

    A process that was suspended while it waited for its connection resumes here.
    """

    def __init__(self, request: Request) -> None:
        # Plain UTF-8, because the API server parses an apply as YAML, which does not accept surrogate-pair escapes.
        body = json.dumps(request.body, separators=(",", ":"), ensure_ascii=False).encode()
        super().__init__(body, content_type=request.content_type)
        self._lease_remaining_s = request.lease_remaining_s

    async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:
        # aiohttp still buffers the headers here, so that either both headers and body are sent or nothing.
        if self._lease_remaining_s() <= 0:
            raise LeaseLostError
        await super().write_with_length(writer, content_length)
