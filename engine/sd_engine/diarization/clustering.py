"""Clustering of the local speakers of all windows into speakers, by pyannote.audio's clustering classes."""

from __future__ import annotations

from contextlib import redirect_stdout
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyannote.audio.core.plda import PLDA
from pyannote.audio.pipelines.clustering import (
    AgglomerativeClustering,
    BaseClustering,
    KMeansClustering,
    VBxClustering,
)
from pyannote.core import SlidingWindow, SlidingWindowFeature

from sd_engine.diarization import assignment, subsampling
from sd_engine.diarization.assignment import Metric
from sd_engine.diarization.reconstruction import UNASSIGNED, Segmentations, inactive_speakers
from sd_engine.diarization.speaker_bounds import SpeakerBounds
from sd_engine.errors import InvalidArgumentError


class _VBxCentroids(VBxClustering):
    """VBxClustering without its assignment, which supports at most 127 clusters; see `assignment`."""

    def constrained_argmax(self, soft_clusters: NDArray[np.float64]) -> NDArray[np.int32]:
        return np.full(soft_clusters.shape[:2], UNASSIGNED, np.int32)


ClusteringClass = type[_VBxCentroids] | type[AgglomerativeClustering] | type[KMeansClustering]

CLASSES: dict[type, ClusteringClass] = {
    VBxClustering: _VBxCentroids,
    AgglomerativeClustering: AgglomerativeClustering,
    KMeansClustering: KMeansClustering,
}
"""The class used here for each supported class of pyannote.audio."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clustering:
    """The parameters of a pipeline's clustering. pyannote.audio's object contains lambdas and cannot be pickled."""

    clustering_class: ClusteringClass
    metric: Metric
    parameters: dict[str, Any]
    plda: Path | None = None

    @classmethod
    def from_pipeline(cls, pipeline: Any) -> Clustering:  # noqa: ANN401 - pyannote.audio's SpeakerDiarization
        """Read the parameters from a loaded pipeline.

        Raises:
            ValueError: the clustering is not supported, or its PLDA was not loaded from a directory.
        """
        clustering = pipeline.clustering
        clustering_class = CLASSES.get(type(clustering))
        if clustering_class is None:
            supported = ", ".join(known.__name__ for known in CLASSES)
            raise ValueError(f"Clustering by {type(clustering).__name__} is not supported; supported are {supported}.")
        return cls(
            clustering_class=clustering_class,
            metric=clustering.metric,
            parameters=clustering.parameters(instantiated=True),
            plda=_plda_directory(pipeline.plda) if clustering_class is _VBxCentroids else None,
        )

    def __call__(
        self,
        embeddings: NDArray[np.float32],
        segmentations: Segmentations,
        bounds: SpeakerBounds,
        *,
        max_embeddings: int | None = None,
    ) -> tuple[NDArray[np.int32], NDArray[np.floating]]:
        """Return each local speaker's cluster, shape (windows, local speakers), and the clusters' centroids.

        Args:
            embeddings: shape (windows, local speakers, dimension).
            segmentations: activity of all windows.
            bounds: bounds on the number of speakers.
            max_embeddings: about how many embeddings to cluster; None = all.

        Raises:
            InvalidArgumentError: this clustering needs the number of speakers and `bounds` does not contain it.
        """
        if bounds.exact is None and self.clustering_class.expects_num_clusters:
            raise InvalidArgumentError(
                "This pipeline cannot determine the number of speakers; send it in NUM_SPEAKERS."
            )
        clustering = self._create()
        clean, windows, _ = clustering.filter_embeddings(embeddings, _feature(segmentations))
        if max_embeddings is not None and len(clean) > max_embeddings:
            selected = subsampling.select_evenly(windows, max_embeddings)
            clustering = self._create(weight=len(clean) / selected.sum())
            clean = clean[selected]
        constrained, centroids = _find_centroids(clustering, clean, bounds.limit(len(clean)))
        if len(clean) < 2:  # noqa: PLR2004 - as in pyannote.audio: a single embedding means a single speaker
            return np.zeros(embeddings.shape[:2], np.int32), centroids
        similarity = assignment.similarities(embeddings, centroids, self.metric)
        if constrained:
            return assignment.assign_constrained(similarity, inactive_speakers(segmentations)), centroids
        return assignment.assign(similarity), centroids

    def _create(self, weight: float = 1.0) -> BaseClustering:
        """Create pyannote.audio's object with parameters that let each embedding count as `weight` embeddings.

        VBx divides a speaker's statistics by Fb (`Fa / Fb * gamma.sum()`): dividing Fb has the effect of repeating
        each embedding. Agglomerative clustering counts the embeddings of a cluster.
        """
        parameters = dict(self.parameters)
        if "Fb" in parameters:
            parameters["Fb"] /= weight
        if "min_cluster_size" in parameters:
            parameters["min_cluster_size"] = max(1, round(parameters["min_cluster_size"] / weight))
        plda: tuple[Any, ...] = () if self.plda is None else (_load_plda(self.plda),)
        clustering = self.clustering_class(*plda, metric=self.metric)
        clustering.instantiate(parameters)
        return clustering


def _find_centroids(
    clustering: BaseClustering, clean: NDArray[np.float32], bounds: SpeakerBounds
) -> tuple[bool, NDArray[np.floating]]:
    """Return whether the assignment is constrained, and the centroids.

    Each clean embedding is passed as a window of its own, so that pyannote.audio's own filter keeps all of them.
    """
    untyped: Any = clustering  # its annotations allow integers only
    with redirect_stdout(None):  # it prints messages
        clusters, _, centroids = untyped(
            embeddings=clean[:, None],
            segmentations=_feature(np.ones((len(clean), 1, 1), np.uint8)),
            num_clusters=bounds.exact,
            min_clusters=bounds.min,
            max_clusters=bounds.max,
        )
    # VBx does not constrain the assignment if K-means has enforced the requested number of speakers.
    return bool((clusters == UNASSIGNED).any()), centroids


def _feature(segmentations: Segmentations) -> SlidingWindowFeature:
    return SlidingWindowFeature(segmentations, SlidingWindow())  # clustering does not use the times


def _plda_directory(plda: Any) -> Path:  # noqa: ANN401 - a value of the pipeline's configuration
    parts = (plda["checkpoint"], plda.get("subfolder") or "") if isinstance(plda, dict) else (plda,)
    if all(isinstance(part, (str, Path)) for part in parts) and (directory := Path(*parts)).is_dir():
        return directory
    raise ValueError("The pipeline's PLDA was not loaded from a directory, so worker processes cannot load it.")


@cache
def _load_plda(directory: Path) -> PLDA:
    return PLDA(directory / "xvec_transform.npz", directory / "plda.npz")
