"""The job of a timeline worker: from the networks' answers for each window to the contract's JSON."""

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
from sd_engine.diarization.clustering import MOST_EMBEDDINGS, Bounds, Clustering
from sd_engine.diarization.model_loader import expect_warnings
from sd_engine.diarization.reconstruction import NOBODY, Grid, Segmentations

EXACT_UP_TO_S = 30 * 60
"""Recordings up to here are clustered with all their embeddings, as pyannote alone would."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineJob:
    """All that a loaded pipeline knows about the steps after its networks. Can be pickled."""

    clustering: Clustering
    grid: Grid
    min_duration_off_s: float

    @classmethod
    def of(cls, pipeline: Any) -> TimelineJob:  # noqa: ANN401 - a pyannote SpeakerDiarization, most of it unannotated
        """Takes from a loaded pipeline what its steps after the networks need.

        Raises:
            ValueError: its segmentation is not binary (no powerset), or its clustering is none that is known here.
        """
        window = pipeline._segmentation  # noqa: SLF001 - pyannote offers no other way
        frames = window.model.receptive_field
        if not window.model.specifications.powerset:
            raise ValueError("The pipeline's segmentation gives scores, where yes or no (a powerset) is needed.")
        return cls(
            clustering=Clustering.of(pipeline),
            grid=Grid(
                window_duration_s=window.duration,
                window_step_s=window.step,
                frame_duration_s=frames.duration,
                frame_step_s=frames.step,
            ),
            min_duration_off_s=pipeline.segmentation.min_duration_off,
        )

    def __call__(self, question: wire.Message, memory_fds: Sequence[int]) -> tuple[wire.Message, int]:
        """Answers with some figures and a memfd of the timeline's JSON.

        Args:
            question: `shape` (windows, frames, speakers), `dimension` of an embedding, `bounds` (num_speakers,
                min_speakers, max_speakers: what was asked for) and `include` (the extra keys).
            memory_fds: segmentations (uint8) and embeddings (float32, shape (windows, speakers, dimension)).

        Raises:
            InvalidArgumentError: the pipeline must be told the number of speakers, and was not.
        """
        windows, frames, speakers = question["shape"]
        segmentations = _mapped(memory_fds[0], np.uint8, (windows, frames, speakers))
        embeddings = _mapped(memory_fds[1], np.float32, (windows, speakers, question["dimension"]))
        with warnings.catch_warnings():
            expect_warnings()
            output, clustering_s = self._diarized(segmentations, embeddings, question["bounds"])
        built = timeline.build(output, question["include"])
        answer = {
            "speakers": built["num_speakers"],
            "segments": built["total_segments"],
            "clustering_s": clustering_s,
        }
        return answer, wire.write_memory("timeline", timeline.to_json(built))

    def output(
        self, segmentations: Segmentations, embeddings: NDArray[np.float32], bounds: dict[str, int]
    ) -> DiarizeOutput:
        """What pyannote's pipeline would answer (`SpeakerDiarization.apply`)."""
        return self._diarized(segmentations, embeddings, bounds)[0]

    def _diarized(
        self, segmentations: Segmentations, embeddings: NDArray[np.float32], asked: dict[str, int]
    ) -> tuple[DiarizeOutput, float]:
        """The output, and the seconds that clustering took."""
        count = reconstruction.speaker_count(segmentations, self.grid)
        if not count.any():
            return DiarizeOutput(Annotation(), Annotation(), np.zeros((0, embeddings.shape[2]))), 0.0
        bounds, started = Bounds.of(asked), time.monotonic()
        clusters, centroids = self.clustering(embeddings, segmentations, bounds, most=self._most(len(segmentations)))
        clustering_s = time.monotonic() - started
        clusters[reconstruction.silent(segmentations)] = NOBODY
        count = np.minimum(count, bounds.at_most).astype(np.uint8)
        sums = reconstruction.activations(segmentations, clusters, self.grid)
        return _named(self._turns(sums, count), self._turns(sums, np.minimum(count, 1)), centroids), clustering_s

    def _most(self, windows: int) -> int | None:
        return MOST_EMBEDDINGS if (windows - 1) * self.grid.window_step_s > EXACT_UP_TO_S else None

    def _turns(self, sums: NDArray[Any], count: NDArray[np.uint8]) -> Annotation:
        return reconstruction.annotation(sums, count, self.grid, min_duration_off_s=self.min_duration_off_s)


def _named(found: Annotation, exclusive: Annotation, centroids: NDArray[np.floating]) -> DiarizeOutput:
    """Clusters become SPEAKER_00 and so on, in pyannote's order of labels; so do the rows of their centroids."""
    clusters: list[Any] = found.labels()  # whole numbers, but sorted as text
    names = {cluster: f"SPEAKER_{number:02d}" for number, cluster in enumerate(clusters)}
    # Speakers who were made up because more spoke at once than there are clusters have no centroid but zero.
    padded = np.pad(centroids, ((0, max(0, len(clusters) - len(centroids))), (0, 0)))
    named = found.rename_labels(names)
    rows: dict[Any, int] = {name: cluster for cluster, name in names.items()}
    embeddings = padded[[rows[name] for name in named.labels()]]
    return DiarizeOutput(named, exclusive.rename_labels(names), embeddings)


def _mapped(memory_fd: int, kind: DTypeLike, shape: tuple[int, ...]) -> NDArray[Any]:
    """A view into a memfd; private, since a sealed one may not be mapped otherwise by older kernels."""
    size_bytes = os.fstat(memory_fd).st_size
    view = mmap.mmap(memory_fd, size_bytes, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ)
    return np.frombuffer(view, kind).reshape(shape)
