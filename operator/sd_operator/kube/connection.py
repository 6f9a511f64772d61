"""Requests to the API server: token, time limits, errors. A write is only sent while its sender may write."""

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

from sd_operator.kube.errors import LeaseLostError, UnavailableError, kube_error
from sd_operator.kube.http_session import Pool
from sd_operator.metrics import Metrics
from sd_operator.resources import Manifest

JSON = "application/json"
APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"

RemainingS = Callable[[], float]
"""For how many seconds writes may still be sent; zero or less: none may."""


def always() -> float:
    """For who needs no Lease."""
    return math.inf


@dataclass(frozen=True, slots=True)
class Request:
    """One request; `remaining_s` is given for writes that need the Lease."""

    method: str
    path: str
    query: dict[str, str] | None = None
    body: Manifest | list[Manifest] | None = None
    content_type: str = JSON
    timeout_s: float = 10
    remaining_s: RemainingS = always


class _Answer(NamedTuple):
    status: int
    reason: str
    body: bytes


class Connection:
    """kubernetes.aio's configuration and connections, without its way of building requests: that takes longer."""

    def __init__(
        self, configuration: client.Configuration, metrics: Metrics, agent: str = "sd-triton-operator"
    ) -> None:
        self._configuration = cast("Any", configuration)  # half of it has no types
        self._host = str(self._configuration.host).rstrip("/")
        self._connections = Pool(configuration)
        self._metrics = metrics
        self._agent = agent
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Closes the connections."""
        if self._session is not None:
            await self._session.close()

    async def send(self, request: Request) -> Any:  # noqa: ANN401 - JSON
        """The answer to a request.

        Raises:
            RejectedError: the API server refused it.
            UnavailableError: it got no answer, or one that asks to come back later.
            LeaseLostError: it is a write, and was not sent.
        """
        timeout_s = min(request.timeout_s, request.remaining_s())
        if timeout_s <= 0:
            raise LeaseLostError
        try:
            answer = await self._exchange(request, timeout_s)
        except (TimeoutError, aiohttp.ClientError, OSError, ConfigException) as error:
            self._count(request, "<error>")
            if isinstance(error.__cause__, LeaseLostError):
                raise error.__cause__ from None
            what = str(error) or f"none within {timeout_s:.0f} s"
            raise UnavailableError(f"{request.method} {request.path} got no answer: {what}") from error
        self._count(request, str(answer.status))
        return _meaning(request, answer)

    def _count(self, request: Request, code: str) -> None:
        self._metrics.requests.labels(code, request.method, self._host).inc()

    async def _exchange(self, request: Request, timeout_s: float) -> _Answer:
        headers = {"Accept": JSON, "User-Agent": self._agent, **await self._token()}
        answering = self._open().request(
            request.method,
            self._host + request.path,
            params=request.query,
            data=None if request.body is None else _Guarded(request),
            headers=headers,
            timeout=aiohttp.ClientTimeout(total=timeout_s),
            **self._connections.proxy_and_name(),
        )
        async with answering as response:
            return _Answer(response.status, str(response.reason), await response.read())

    async def _token(self) -> dict[str, str]:
        """The header that says who asks; read anew when it is time for that."""
        known = (await self._configuration.auth_settings()).get("BearerToken")
        return {known["key"]: known["value"]} if known else {}

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:  # not before an event loop runs
            self._session = self._connections.session()
        return self._session


def _meaning(request: Request, answer: _Answer) -> Any:  # noqa: ANN401 - JSON
    if answer.status >= HTTPStatus.BAD_REQUEST:
        raise kube_error(answer.status, answer.reason, answer.body)
    try:
        return json.loads(answer.body)
    except ValueError as error:
        raise UnavailableError(f"{request.method} {request.path} was answered by something else.") from error


class _Guarded(BytesPayload):
    """A body that asks once more whether it may be sent, with nothing left between the answer and the socket.

    A process that was frozen while it waited for its connection wakes up here.
    """

    def __init__(self, request: Request) -> None:
        # As it is, in UTF-8: the API server reads an apply as YAML, which has no escapes for pairs of surrogates.
        body = json.dumps(request.body, separators=(",", ":"), ensure_ascii=False).encode()
        super().__init__(body, content_type=request.content_type)
        self._remaining_s = request.remaining_s

    async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:
        # The head is still in the writer's buffer: it goes out with the body, or not at all.
        if self._remaining_s() <= 0:
            raise LeaseLostError
        await super().write_with_length(writer, content_length)
