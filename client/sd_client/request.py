"""A diarization request, and its inputs and parameters in Triton's v2 protocol."""

from __future__ import annotations

from dataclasses import dataclass

MODEL = "speaker_diarization"
RESULT = "DIARIZATION_RESULT"


@dataclass(frozen=True, slots=True, kw_only=True)
class DiarizationRequest:
    """A recording and its options, which the service checks; a speaker count of None is not sent."""

    recording: bytes
    request_id: str
    num_speakers: int | None = None
    min_speakers: int | None = None
    max_speakers: int | None = None
    include: tuple[str, ...] = ()

    @property
    def tensors(self) -> dict[str, bytes]:
        """The contents of the model's inputs, each a BYTES tensor of shape [1, 1]."""
        tensors = {"AUDIO_DATA": self.recording}
        if self.num_speakers is not None:
            tensors["NUM_SPEAKERS"] = str(self.num_speakers).encode()
        return tensors

    @property
    def parameters(self) -> dict[str, int | str]:
        """The request's v2 parameters."""
        parameters = {
            "min_speakers": self.min_speakers,
            "max_speakers": self.max_speakers,
            "include": ",".join(self.include) or None,
        }
        return {name: value for name, value in parameters.items() if value is not None}
