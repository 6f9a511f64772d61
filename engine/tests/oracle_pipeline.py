"""pyannote.audio's own pipeline on prepared network outputs: the oracle for all steps after the networks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pyannote.audio.pipelines.speaker_diarization import DiarizeOutput, SpeakerDiarization
from pyannote.core import SlidingWindow, SlidingWindowFeature
from sd_engine.diarization.model_loader import DEMO_MODEL, EXPECTED_WARNINGS

IGNORE_EXPECTED_WARNINGS = [
    pytest.mark.filterwarnings(f"ignore:{message.partition(':')[0]}") for message in EXPECTED_WARNINGS
]
"""A value for `pytestmark`. The message of a mark ends at its first colon."""

PARAMETERS: dict[str, dict[str, Any]] = {
    "VBxClustering": {"threshold": 0.5, "Fa": 0.05, "Fb": 8.0},
    "AgglomerativeClustering": {"threshold": 0.7, "method": "centroid", "min_cluster_size": 12},
    "KMeansClustering": {},
}


class OraclePipeline(SpeakerDiarization):
    """The unmodified `SpeakerDiarization.apply` on segmentations and embeddings from a test."""

    def __init__(self, clustering: str, *, min_duration_off_s: float = 0.0, **parameters: Any) -> None:
        segmentation, embedding, plda = (_part(part) for part in ("segmentation", "embedding", "plda"))
        super().__init__(segmentation=segmentation, embedding=embedding, plda=plda, clustering=clustering)
        self.instantiate(
            {
                "clustering": PARAMETERS[clustering] | parameters,
                "segmentation": {"min_duration_off": min_duration_off_s},
            }
        )

    def diarize(
        self, segmentations: NDArray[np.uint8], embeddings: NDArray[np.float32], **arguments: Any
    ) -> DiarizeOutput:
        """Return the output for these network outputs, which are copied: pyannote.audio modifies its arrays."""
        window = SlidingWindow(start=0.0, duration=self._segmentation.duration, step=self._segmentation.step)
        self._prepared = SlidingWindowFeature(segmentations.astype(np.float32), window), embeddings.copy()
        output = self.apply({"uri": "prepared"}, **arguments)
        assert isinstance(output, DiarizeOutput)
        return output

    def get_segmentations(self, *_: Any, **__: Any) -> SlidingWindowFeature:
        return self._prepared[0]

    def get_embeddings(self, *_: Any, **__: Any) -> NDArray[np.float32]:
        return self._prepared[1]


def _part(name: str) -> dict[str, Any]:
    return {"checkpoint": str(DEMO_MODEL), "subfolder": name}
