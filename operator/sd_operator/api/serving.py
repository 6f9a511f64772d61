"""The limits of the server: per request, and for all requests in flight."""

from typing import Annotated

from pydantic import Field

from sd_operator.api.quantities import DURATION_PATTERN, Duration, RequestSize, seconds
from sd_operator.api.rules import SpecPart, rule

BatchSize = Annotated[int, Field(ge=1, le=64)]


class Serving(SpecPart):
    """Limits of the server. A request that exceeds them is rejected with a message."""

    adapters: Annotated[int, Field(ge=1, le=64)] = 16
    """Model instances of Triton: the number of requests or batches that Triton passes to the engine concurrently."""
    max_batch_size: BatchSize = 16
    """Largest number of requests that Triton passes on as one batch while every adapter is busy."""
    preferred_batch_sizes: Annotated[list[BatchSize], Field(min_length=1, max_length=16)] | None = None
    """Batch sizes that Triton prefers. Default: the powers of two up to maxBatchSize."""
    max_audio_duration: Duration = "4h"
    """Duration of the longest recording that is accepted."""
    max_request_bytes: RequestSize = "64Mi"
    """Size of the largest recording that is accepted, before base64. The sizes of /dev/shm and of Triton's memory
    request are derived from it."""
    max_queued_audio: Duration = "8h"
    """Total duration of audio that one engine accepts, waiting or in progress. The pods' termination grace period is
    derived from it."""
    log_verbosity: Annotated[int, Field(ge=0, le=1)] = 0
    """0: log events and errors. 1: also log each step of Triton and the engine for every request."""

    @rule(
        "preferredBatchSizes must not be larger than maxBatchSize",
        cel="!has(self.preferredBatchSizes) || self.preferredBatchSizes.all(size, size <= self.maxBatchSize)",
    )
    def _batch_sizes_are_allowed(self) -> bool:
        return all(size <= self.max_batch_size for size in self.batch_sizes())

    @rule(
        "maxQueuedAudio must be at least maxAudioDuration; otherwise the longest recording is never accepted",
        cel="!has(self.maxQueuedAudio) || !has(self.maxAudioDuration) || "
        f"![self.maxQueuedAudio, self.maxAudioDuration].all(each, each.matches('^{DURATION_PATTERN}$')) || "
        "duration(self.maxQueuedAudio) >= duration(self.maxAudioDuration)",
    )
    def _longest_recording_fits_into_the_queue(self) -> bool:
        return seconds(self.max_queued_audio) >= seconds(self.max_audio_duration)

    def batch_sizes(self) -> list[int]:
        """Return the preferred batch sizes; by default the powers of two up to the maximum."""
        powers = (2**power for power in range(7))
        return self.preferred_batch_sizes or [size for size in powers if size <= self.max_batch_size]
