"""The HTTP client that huggingface_hub uses: trusted certificates, timeouts and deadline."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import httpx2
from huggingface_hub import constants, set_client_factory
from huggingface_hub.utils import hf_raise_for_status

from sd_model_store.deadline import Deadline, Timeouts
from sd_model_store.errors import HubUnreachableError

CHUNK_BYTES = 2**20
_RETRY_AFTER_STATUSES = (408, 429)


class _DeadlineStream(httpx2.SyncByteStream):
    """A response body that raises an error once the deadline is over."""

    def __init__(self, body: httpx2.SyncByteStream, deadline: Deadline) -> None:
        self._body = body
        self._deadline = deadline

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._body:
            self._deadline.check()
            yield chunk

    def close(self) -> None:
        self._body.close()


def configure(ca_bundle: Path | None, deadline: Deadline, timeouts: Timeouts) -> None:
    """Set the HTTP client of huggingface_hub, for the whole process.

    Raises:
        HubUnreachableError: The CA bundle cannot be read.
    """
    ssl_context = _ssl_context(ca_bundle)

    def check_request(_: httpx2.Request) -> None:
        deadline.check()

    def check_response(response: httpx2.Response) -> None:
        if response.status_code in _RETRY_AFTER_STATUSES:
            # huggingface_hub would sleep for the Retry-After time. This run fails instead; its caller retries later.
            response.read()
            hf_raise_for_status(response)
        if isinstance(response.stream, httpx2.SyncByteStream):
            response.stream = _DeadlineStream(response.stream, deadline)

    def client() -> httpx2.Client:
        return httpx2.Client(
            verify=ssl_context,
            timeout=timeouts.idle_s,
            follow_redirects=True,
            event_hooks={"request": [check_request], "response": [check_response]},
        )

    set_client_factory(client)
    # huggingface_hub reads both constants at each call. Its default chunk of 10 MB would be lost by a kill.
    constants.HF_HUB_DOWNLOAD_TIMEOUT = timeouts.idle_s
    constants.DOWNLOAD_CHUNK_SIZE = CHUNK_BYTES


def _ssl_context(ca_bundle: Path | None) -> ssl.SSLContext:
    """Return a context that trusts the system's certificates and those of the bundle."""
    context = ssl.create_default_context()
    if ca_bundle is not None:
        try:
            context.load_verify_locations(ca_bundle)
        except ssl.SSLError as error:
            raise HubUnreachableError(
                f"The CA bundle {ca_bundle} contains no valid certificates ({error.reason}). "
                "Use a file of PEM certificates."
            ) from error
        except OSError as error:
            raise HubUnreachableError(f"The CA bundle {ca_bundle} cannot be read: {error.strerror}.") from error
    return context
