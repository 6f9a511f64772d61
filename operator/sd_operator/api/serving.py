"""The server's limits: how much it takes, and how much at once."""

from typing import Annotated

from pydantic import Field

from sd_operator.api.quantities import DURATION_PATTERN, Duration, RequestSize, seconds
from sd_operator.api.rules import SpecPart, rule

BatchSize = Annotated[int, Field(ge=1, le=64)]


class Serving(SpecPart):
    """Limits of the server. A request beyond them is refused with a sentence."""

    adapters: Annotated[int, Field(ge=1, le=64)] = 16
    """Requests (or batches) that Triton hands to the engine at the same time."""
    max_batch_size: BatchSize = 16
    """Requests that Triton may hand over as one batch when every adapter is busy."""
    preferred_batch_sizes: Annotated[list[BatchSize], Field(min_length=1, max_length=16)] | None = None
    """Batch sizes that Triton prefers; by default the powers of two up to maxBatchSize."""
    max_audio_duration: Duration = "4h"
    """Length of the longest recording that is accepted."""
    max_request_bytes: RequestSize = "64Mi"
    """Size of the largest recording that is accepted, before base64. /dev/shm and Triton's memory follow from it."""
    max_queued_audio: Duration = "8h"
    """Audio that one engine holds at most, waiting or being worked on. A pod that ends has the time to finish it."""
    log_verbosity: Annotated[int, Field(ge=0, le=1)] = 0
    """0: what happened; 1: also what Triton does with each request."""

    @rule(
        "preferredBatchSizes must not be larger than maxBatchSize",
        cel="!has(self.preferredBatchSizes) || self.preferredBatchSizes.all(size, size <= self.maxBatchSize)",
    )
    def _batches_fit(self) -> bool:
        return all(size <= self.max_batch_size for size in self.batch_sizes())

    @rule(
        "maxQueuedAudio must be at least maxAudioDuration, or the longest recording would never be accepted",
        cel="!has(self.maxQueuedAudio) || !has(self.maxAudioDuration) || "
        f"![self.maxQueuedAudio, self.maxAudioDuration].all(each, each.matches('^{DURATION_PATTERN}$')) || "
        "duration(self.maxQueuedAudio) >= duration(self.maxAudioDuration)",
    )
    def _longest_recording_fits(self) -> bool:
        return seconds(self.max_queued_audio) >= seconds(self.max_audio_duration)

    def batch_sizes(self) -> list[int]:
        """The preferred batch sizes, worked out where none are given."""
        powers = (2**power for power in range(7))
        return self.preferred_batch_sizes or [size for size in powers if size <= self.max_batch_size]
