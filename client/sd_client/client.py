"""`diarize`: send a recording to a service and return its timeline."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path

from sd_client import grpc_transport, http_transport
from sd_client.request import DiarizationRequest
from sd_client.retry import DEFAULT_RETRIES, backoff_delays_s, with_retries
from sd_client.service_url import DEFAULT_URL, ServiceUrl
from sd_client.timeline import Timeline

DEFAULT_TIMEOUT_S = 3600.0

Send = Callable[[ServiceUrl, DiarizationRequest, float], bytes]


def diarize(
    recording: bytes | Path,
    *,
    url: str = DEFAULT_URL,
    num_speakers: int | None = None,
    min_speakers: int | None = None,
    max_speakers: int | None = None,
    include: Sequence[str] = (),
    request_id: str | None = None,
    timeout_s: float = DEFAULT_TIMEOUT_S,
    retries: int = DEFAULT_RETRIES,
) -> Timeline:
    """Return the timeline of a recording, given as its bytes or as the path of its file.

    `url` is `http://host:port` or `grpc://host:port` (with an `s` for TLS). `include` lists additional results:
    `exclusive`, `embeddings`. The service checks the options. `request_id` names the request in the service's logs.
    `timeout_s` covers all attempts together. Each attempt has a connection of its own, so that it neither delays a pod
    that is shutting down nor reaches one that has ended.

    Raises:
        OSError: the file cannot be read.
        SdError: there is no timeline; see `sd_client.errors`.
    """
    service = ServiceUrl.parse(url)
    request = DiarizationRequest(
        recording=recording.read_bytes() if isinstance(recording, Path) else recording,
        request_id=request_id or uuid.uuid4().hex,
        num_speakers=num_speakers,
        min_speakers=min_speakers,
        max_speakers=max_speakers,
        include=tuple(include),
    )
    deadline_s = time.monotonic() + timeout_s
    send: Send = grpc_transport.send if service.is_grpc else http_transport.send
    result = with_retries(
        lambda: send(service, request, deadline_s - time.monotonic()), backoff_delays_s(retries), deadline_s
    )
    return Timeline.from_json(result)
