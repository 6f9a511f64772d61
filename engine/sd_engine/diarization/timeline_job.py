"""The job of a timeline worker process: from the networks' outputs to the response document."""

from __future__ import annotations

import mmap
import os
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray
from pyannote.audio.pipelines.speaker_diarization import DiarizeOutput
from pyannote.core import Annotation

from sd_engine import wire
from sd_engine.diarization import reconstruction, timeline
from sd_engine.diarization.clustering import Clustering
from sd_engine.diarization.model_loader import ignore_expected_warnings
from sd_engine.diarization.reconstruction import UNASSIGNED, FrameGrid, Segmentations
from sd_engine.diarization.speaker_bounds import SpeakerBounds
from sd_engine.diarization.subsampling import MAX_EMBEDDINGS, SUBSAMPLED_AFTER_S


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineJob:
    """The parameters of all steps after a pipeline's networks. Can be pickled."""

    clustering: Clustering
    grid: FrameGrid
    min_duration_off_s: float
    max_embeddings: int = MAX_EMBEDDINGS
    subsampled_after_s: float = SUBSAMPLED_AFTER_S

    @classmethod
    def from_pipeline(cls, pipeline: Any) -> TimelineJob:  # noqa: ANN401 - pyannote.audio's SpeakerDiarization
        """Read the parameters from a loaded pipeline.

        Raises:
            ValueError: its segmentation is not a powerset classifier, or its clustering is not supported.
        """
        segmentation = pipeline._segmentation  # noqa: SLF001 - not public
        frames = segmentation.model.receptive_field
        if not segmentation.model.specifications.powerset:
            raise ValueError("The pipeline's segmentation returns scores; a powerset classifier is needed.")
        return cls(
            clustering=Clustering.from_pipeline(pipeline),
            grid=FrameGrid(
                window_duration_s=segmentation.duration,
                window_step_s=segmentation.step,
                frame_duration_s=frames.duration,
                frame_step_s=frames.step,
            ),
            min_duration_off_s=pipeline.segmentation.min_duration_off,
        )

    def __call__(self, message: wire.Message, memory_fds: Sequence[int]) -> tuple[wire.Message, int]:
        """Return the numbers of speakers and segments, the clustering time, and a memfd of the document's JSON.

        Args:
            message: `shape` (windows, frames, local speakers), `dimension` of an embedding, `bounds` (num_speakers,
                min_speakers, max_speakers, each optional) and `include` (the optional keys).
            memory_fds: activity (uint8) and embeddings (float32, shape (windows, local speakers, dimension)).

        Raises:
            InvalidArgumentError: the pipeline needs the number of speakers, and the request does not contain it.
        """
        windows, frames, speakers = message["shape"]
        segmentations = _map_array(memory_fds[0], np.uint8, (windows, frames, speakers))
        embeddings = _map_array(memory_fds[1], np.float32, (windows, speakers, message["dimension"]))
        with warnings.catch_warnings():
            ignore_expected_warnings()
            output, clustering_s = self._diarize(segmentations, embeddings, message["bounds"])
        document = timeline.build(output, message["include"])
        response = {
            "num_speakers": document["num_speakers"],
            "segments": document["total_segments"],
            "clustering_s": clustering_s,
        }
        return response, wire.write_memory("timeline", timeline.to_json(document))

    def output(
        self, segmentations: Segmentations, embeddings: NDArray[np.float32], bounds: dict[str, int]
    ) -> DiarizeOutput:
        """Return the output of pyannote.audio's `SpeakerDiarization.apply` for the networks' outputs."""
        return self._diarize(segmentations, embeddings, bounds)[0]

    def _diarize(
        self, segmentations: Segmentations, embeddings: NDArray[np.float32], arguments: dict[str, int]
    ) -> tuple[DiarizeOutput, float]:
        """Return the output and the clustering time in seconds."""
        count = reconstruction.speaker_count(segmentations, self.grid)
        if not count.any():
            return DiarizeOutput(Annotation(), Annotation(), np.zeros((0, embeddings.shape[2]))), 0.0
        bounds, started = SpeakerBounds.from_arguments(arguments), time.monotonic()
        max_embeddings = self._embedding_limit(len(segmentations))
        clusters, centroids = self.clustering(embeddings, segmentations, bounds, max_embeddings=max_embeddings)
        clustering_s = time.monotonic() - started
        clusters[reconstruction.inactive_speakers(segmentations)] = UNASSIGNED
        count = np.minimum(count, bounds.max).astype(np.uint8)
        activations = reconstruction.activations(segmentations, clusters, self.grid)
        diarization = self._annotation(activations, count)
        exclusive = self._annotation(activations, np.minimum(count, 1))
        return _label_speakers(diarization, exclusive, centroids), clustering_s

    def _embedding_limit(self, windows: int) -> int | None:
        return self.max_embeddings if (windows - 1) * self.grid.window_step_s > self.subsampled_after_s else None

    def _annotation(self, activations: NDArray[Any], count: NDArray[np.uint8]) -> Annotation:
        return reconstruction.annotation(activations, count, self.grid, min_duration_off_s=self.min_duration_off_s)


def _label_speakers(diarization: Annotation, exclusive: Annotation, centroids: NDArray[np.floating]) -> DiarizeOutput:
    """Rename clusters to SPEAKER_00 and so on in pyannote.audio's order, and sort their centroids accordingly."""
    clusters: list[Any] = diarization.labels()  # integers, sorted as text
    labels = {cluster: f"SPEAKER_{number:02d}" for number, cluster in enumerate(clusters)}
    # A frame with more active speakers than clusters gets additional speakers, whose centroid is zero.
    padded = np.pad(centroids, ((0, max(0, len(clusters) - len(centroids))), (0, 0)))
    labelled = diarization.rename_labels(labels)
    rows: dict[Any, int] = {label: cluster for cluster, label in labels.items()}
    embeddings = padded[[rows[label] for label in labelled.labels()]]
    return DiarizeOutput(labelled, exclusive.rename_labels(labels), embeddings)


def _map_array(memory_fd: int, dtype: DTypeLike, shape: tuple[int, ...]) -> NDArray[Any]:
    """Map a memfd into memory, privately: older kernels reject a shared mapping of a sealed memfd."""
    size_bytes = os.fstat(memory_fd).st_size
    view = mmap.mmap(memory_fd, size_bytes, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ)
    return np.frombuffer(view, dtype).reshape(shape)
