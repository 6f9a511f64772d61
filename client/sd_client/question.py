"""What is asked of a recording, and how the Triton v2 protocol carries it."""

from __future__ import annotations

import base64
from dataclasses import dataclass

MODEL = "speaker_diarization"
RESULT = "DIARIZATION_RESULT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A recording and what the caller knows or wants; None and an empty `include` mean: find out, nothing extra."""

    recording: bytes
    request_id: str
    num_speakers: int | None = None
    min_speakers: int | None = None
    max_speakers: int | None = None
    include: tuple[str, ...] = ()

    @property
    def tensors(self) -> dict[str, bytes]:
        """The inputs of the model, each a BYTES tensor of shape [1, 1]."""
        tensors = {"AUDIO_DATA": base64.b64encode(self.recording)}
        if self.num_speakers is not None:
            tensors["NUM_SPEAKERS"] = str(self.num_speakers).encode()
        return tensors

    @property
    def parameters(self) -> dict[str, int | str]:
        """The request's v2 parameters."""
        asked = {
            "min_speakers": self.min_speakers,
            "max_speakers": self.max_speakers,
            "include": ",".join(self.include) or None,
        }
        return {name: value for name, value in asked.items() if value is not None}
