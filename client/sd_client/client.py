"""`diarize`: one recording in, one timeline out."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path

from sd_client import over_grpc, over_http
from sd_client.question import Question
from sd_client.retry import DEFAULT_RETRIES, pauses_s, with_retries
from sd_client.service_url import DEFAULT_URL, ServiceUrl
from sd_client.timeline import Timeline

DEFAULT_TIMEOUT_S = 3600.0

Ask = Callable[[ServiceUrl, Question, float], bytes]


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
    """Asks a service who speaks when in a recording (its bytes, or the file that holds it).

    `url` is `http://host:port` or `grpc://host:port` (with an `s` for TLS). `include` may name `exclusive` and
    `embeddings`. `request_id` names the request in the service's logs. `timeout_s` covers all tries together.
    Each try has a connection of its own, so that no pod is kept from leaving and no try lands on one that left.

    Raises:
        OSError: the file cannot be read.
        SdError: no timeline; `sd_client.errors` draws the tree.
    """
    service = ServiceUrl.parse(url)
    question = Question(
        recording=recording.read_bytes() if isinstance(recording, Path) else recording,
        request_id=request_id or uuid.uuid4().hex,
        num_speakers=num_speakers,
        min_speakers=min_speakers,
        max_speakers=max_speakers,
        include=tuple(include),
    )
    deadline_s = time.monotonic() + timeout_s
    ask: Ask = over_grpc.ask if service.is_grpc else over_http.ask
    answer = with_retries(lambda: ask(service, question, deadline_s - time.monotonic()), pauses_s(retries), deadline_s)
    return Timeline.from_json(answer)
