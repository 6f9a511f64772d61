"""Memory sizes and time limits that are derived from the limits in the spec."""

from math import ceil

from sd_operator.api.quantities import quantity, seconds
from sd_operator.api.serving import Serving
from sd_operator.api.spec import DiarizationServiceSpec

MIB = 1024**2

REAL_TIME_FACTOR = {"cpu": 0.3, "gpu": 0.03}
"""Device time per second of audio, by accelerator: conservative estimates for upper bounds of times."""
REFERENCE_REAL_TIME_FACTOR = {"cpu": 2.0, "gpu": 0.1}
"""The same for mode `reference`, which runs at the speed of pyannote.audio."""

TRITON_MIB = 128
"""Memory of an idle Triton."""
ADAPTER_MIB = 20
"""Private memory of one adapter; the adapters share the interpreter's pages."""
COPIES_PER_REQUEST = 7
"""Triton's memory per request in multiples of the recording's size: with JSON or gRPC it holds several copies."""

SHUTDOWN_S = 45
"""Time for endpoint withdrawal (5 s), Triton's exit timeout (10 s) and the engine's exit, with a margin."""
MIN_GRACE_PERIOD_S = 60
MAX_GRACE_PERIOD_S = 4 * 3600


def request_bytes(serving: Serving) -> int:
    """Return the largest size of a recording in bytes, before base64."""
    return ceil(quantity(serving.max_request_bytes))


def shared_memory_mib(serving: Serving) -> int:
    """Return the size of /dev/shm: room for adapters + maxBatchSize requests of the largest size in base64.

    An adapter's region grows to the largest batch that it has received and never shrinks. Requests beyond this size
    fail with a message and the server keeps running.
    """
    base64_bytes = 4 * ceil(request_bytes(serving) / 3)
    initial_regions_mib = 2 * serving.adapters  # mapped by each adapter before its first request
    return initial_regions_mib + ceil((serving.adapters + serving.max_batch_size) * base64_bytes / MIB)


def triton_memory_mib(serving: Serving) -> int:
    """Return the memory of Triton and its adapters: idle, plus a full /dev/shm, plus one request of the largest size.

    Several such requests at the same time use more for a moment; the container has no limit that would kill it.
    """
    idle_mib = TRITON_MIB + ADAPTER_MIB * serving.adapters
    return idle_mib + shared_memory_mib(serving) + ceil(COPIES_PER_REQUEST * request_bytes(serving) / MIB)


def device_time_s(spec: DiarizationServiceSpec, audio: str) -> float:
    """Return an upper bound of the device time for audio of a duration such as `4h`."""
    factors = REFERENCE_REAL_TIME_FACTOR if spec.model.mode == "reference" else REAL_TIME_FACTOR
    return seconds(audio) * factors[spec.compute.accelerator]


def grace_period_s(spec: DiarizationServiceSpec) -> int:
    """Return the termination grace period: time for a full queue, from one minute to four hours."""
    full_queue_s = ceil(device_time_s(spec, spec.serving.max_queued_audio))
    return min(max(full_queue_s + SHUTDOWN_S, MIN_GRACE_PERIOD_S), MAX_GRACE_PERIOD_S)
