"""Sizes and times that follow from the limits of a service: each limit has one home, the spec."""

from math import ceil

from sd_operator.api.quantities import quantity, seconds
from sd_operator.api.serving import Serving
from sd_operator.api.spec import DiarizationServiceSpec

MIB = 1024**2

REAL_TIME_FACTOR = {"cpu": 0.3, "gpu": 0.03}
"""Device time per second of audio: cautious guesses, and only upper bounds of times are made of them."""
REFERENCE_FACTOR = {"cpu": 2.0, "gpu": 0.1}
"""The same in the mode `reference`, which is pyannote.audio's own speed."""

TRITON_MIB = 128
"""Triton itself with nothing to do."""
ADAPTER_MIB = 20
"""What an adapter has to itself: all of them share their interpreter's pages."""
REQUEST_IN_TRITON = 7
"""Triton's memory for one request, in sizes of the recording: as JSON or over gRPC it holds several copies of it."""

LEAVING_S = 45
"""Withdrawal from the endpoints (5 s), Triton's own exit timeout (10 s) and the engine's end, with room to spare."""
SHORTEST_GRACE_S = 60
LONGEST_GRACE_S = 4 * 3600


def request_bytes(serving: Serving) -> int:
    """The largest recording, before base64."""
    return ceil(quantity(serving.max_request_bytes))


def shared_memory_mib(serving: Serving) -> int:
    """Shared memory for adapters + maxBatchSize requests of the largest size in base64.

    An adapter's region grows to the largest batch that it has seen and never shrinks; beyond this size requests fail
    with a sentence and the server lives.
    """
    base64_bytes = 4 * ceil(request_bytes(serving) / 3)
    own_regions_mib = 2 * serving.adapters  # what each adapter maps before its first request
    return own_regions_mib + ceil((serving.adapters + serving.max_batch_size) * base64_bytes / MIB)


def triton_memory_mib(serving: Serving) -> int:
    """What Triton and its adapters need: at rest, with /dev/shm full, and with one of the largest requests arriving.

    Several of the largest that arrive at once take more for a moment; there is no limit that would end the server.
    """
    at_rest_mib = TRITON_MIB + ADAPTER_MIB * serving.adapters
    return at_rest_mib + shared_memory_mib(serving) + ceil(REQUEST_IN_TRITON * request_bytes(serving) / MIB)


def work_s(spec: DiarizationServiceSpec, audio: str) -> float:
    """Device time that so much audio may take, given as a duration of the spec."""
    factors = REFERENCE_FACTOR if spec.model.mode == "reference" else REAL_TIME_FACTOR
    return seconds(audio) * factors[spec.compute.accelerator]


def grace_period_s(spec: DiarizationServiceSpec) -> int:
    """How long a pod that must go may work on what it holds: as long as its queue can take, four hours at most."""
    return min(max(ceil(work_s(spec, spec.serving.max_queued_audio)) + LEAVING_S, SHORTEST_GRACE_S), LONGEST_GRACE_S)
