"""The HTTP client below the hub's own: which certificates it trusts, and that it watches the clock."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import httpx2
from huggingface_hub import constants, set_client_factory
from huggingface_hub.utils import hf_raise_for_status

from sd_model_store.deadline import Deadline, Timeouts
from sd_model_store.errors import HubUnreachableError

PIECE_BYTES = 2**20
_ASK_AGAIN_LATER = (408, 429)


class _Watched(httpx2.SyncByteStream):
    """A body that is no longer read once its time is up."""

    def __init__(self, body: httpx2.SyncByteStream, deadline: Deadline) -> None:
        self._body = body
        self._deadline = deadline

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._body:
            self._deadline.check()
            yield piece

    def close(self) -> None:
        self._body.close()


def use(ca_bundle: Path | None, deadline: Deadline, timeouts: Timeouts) -> None:
    """From now on the hub's client speaks through a client like that."""
    trusted = _trusted(ca_bundle)

    def check_request(_: httpx2.Request) -> None:
        deadline.check()

    def check_response(response: httpx2.Response) -> None:
        if response.status_code in _ASK_AGAIN_LATER:
            # The hub's client would sleep for as long as the answer says. This run ends; whoever started it waits.
            response.read()
            hf_raise_for_status(response)
        if isinstance(response.stream, httpx2.SyncByteStream):
            response.stream = _Watched(response.stream, deadline)

    def client() -> httpx2.Client:
        return httpx2.Client(
            verify=trusted,
            timeout=timeouts.silence_s,
            follow_redirects=True,
            event_hooks={"request": [check_request], "response": [check_response]},
        )

    set_client_factory(client)
    constants.HF_HUB_DOWNLOAD_TIMEOUT = timeouts.silence_s  # read at each call, as is the next
    constants.DOWNLOAD_CHUNK_SIZE = PIECE_BYTES  # its 10 MB are what a killed download would have to fetch again


def _trusted(ca_bundle: Path | None) -> ssl.SSLContext:
    """The system's certificates and those of the bundle."""
    trusted = ssl.create_default_context()
    if ca_bundle is not None:
        try:
            trusted.load_verify_locations(ca_bundle)
        except ssl.SSLError as error:
            raise HubUnreachableError(
                f"The CA bundle {ca_bundle} holds no certificates that can be read ({error.reason}). "
                "It must be a file of PEM certificates."
            ) from error
        except OSError as error:
            raise HubUnreachableError(f"The CA bundle {ca_bundle} cannot be read: {error.strerror}.") from error
    return trusted
