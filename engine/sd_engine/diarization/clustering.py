"""Which speakers of all windows are the same person: pyannote's own clustering, bounded for long recordings.

pyannote compares every embedding with every other, which in four hours are a thousand million pairs. Here it is given
embeddings of at most half an hour as they are. Of a longer recording it is given those of windows spread evenly over
all of it, about MOST_EMBEDDINGS of them, and each counts for those left out beside it. Windows overlap so far that
each moment is still in one of them. All embeddings then go to the centroids that were found, as they do in pyannote.
"""

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
from pyannote.audio.pipelines.utils.diarization import set_num_speakers
from pyannote.core import SlidingWindow, SlidingWindowFeature

from sd_engine.diarization import assignment
from sd_engine.diarization.assignment import Metric
from sd_engine.diarization.reconstruction import NOBODY, Segmentations, silent
from sd_engine.errors import InvalidArgumentError

MOST_EMBEDDINGS = 4500
"""Time grows faster than with their square, memory with their square: 8 bytes for each pair."""


class _VBx(VBxClustering):
    """Finds centroids only: pyannote's assignment to them has room for 127 clusters, so `assignment` does that."""

    def constrained_argmax(self, soft_clusters: NDArray[np.float64]) -> NDArray[np.int32]:
        return np.full(soft_clusters.shape[:2], NOBODY, np.int32)


Kind = type[_VBx] | type[AgglomerativeClustering] | type[KMeansClustering]

KINDS: dict[type, Kind] = {
    VBxClustering: _VBx,
    AgglomerativeClustering: AgglomerativeClustering,
    KMeansClustering: KMeansClustering,
}
"""pyannote's and ours."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many speakers there may be, as pyannote reads what was asked for."""

    exactly: int | None
    at_least: int
    at_most: float

    @classmethod
    def of(cls, asked: dict[str, int]) -> Bounds:
        bounds: Any = set_num_speakers(**asked)  # annotated as three numbers or None, but infinite where unbounded
        return cls(*bounds)

    def within(self, embeddings: int) -> Bounds:
        """More clusters than embeddings there cannot be; K-means would refuse to look for them."""
        most = max(1, embeddings)
        return Bounds(self.exactly and min(self.exactly, most), min(self.at_least, most), min(self.at_most, most))


@dataclass(frozen=True, slots=True, kw_only=True)
class Clustering:
    """What pyannote's clustering is made from. The thing itself does not travel between processes: it holds lambdas."""

    kind: Kind
    metric: Metric
    parameters: dict[str, Any]
    plda: Path | None = None

    @classmethod
    def of(cls, pipeline: Any) -> Clustering:  # noqa: ANN401 - a pyannote SpeakerDiarization
        """Takes the clustering of a loaded pipeline apart.

        Raises:
            ValueError: it is none that is known here, or its PLDA was not read from a directory.
        """
        clustering = pipeline.clustering
        kind = KINDS.get(type(clustering))
        if kind is None:
            known = ", ".join(known.__name__ for known in KINDS)
            raise ValueError(f"The pipeline clusters by {type(clustering).__name__}; known are {known}.")
        plda = _directory(pipeline.plda) if kind is _VBx else None
        return cls(kind=kind, metric=clustering.metric, parameters=clustering.parameters(instantiated=True), plda=plda)

    def __call__(
        self, embeddings: NDArray[np.float32], segmentations: Segmentations, bounds: Bounds, *, most: int | None = None
    ) -> tuple[NDArray[np.int32], NDArray[np.floating]]:
        """The cluster of each window's speakers, shape (windows, speakers), and the clusters' centroids.

        Args:
            embeddings: shape (windows, speakers, dimension).
            segmentations: each window's speakers.
            bounds: on the number of speakers.
            most: about how many embeddings pyannote may cluster; None = all.

        Raises:
            InvalidArgumentError: this clustering must be told the number of speakers, and was not.
        """
        if bounds.exactly is None and self.kind.expects_num_clusters:
            raise InvalidArgumentError("This pipeline cannot find out the number of speakers; ask with num_speakers.")
        clustering = self._made()
        clean, window, _ = clustering.filter_embeddings(embeddings, _feature(segmentations))
        if most is not None and len(clean) > most:
            chosen = evenly_spread(window, most)
            clustering = self._made(counting_for=len(clean) / chosen.sum())
            clean = clean[chosen]
        apart, centroids = _centroids(clustering, clean, bounds.within(len(clean)))
        if len(clean) < 2:  # noqa: PLR2004 - nothing to compare: pyannote takes all for one speaker
            return np.zeros(embeddings.shape[:2], np.int32), centroids
        similarity = assignment.similarities(embeddings, centroids, self.metric)
        if apart:
            return assignment.nearest_apart(similarity, silent(segmentations)), centroids
        return assignment.nearest(similarity), centroids

    def _made(self, counting_for: float = 1.0) -> BaseClustering:
        """Makes pyannote's object, to which each embedding counts for as many.

        VBx weighs what it saw of a speaker against Fb (`Fa / Fb * gamma.sum()`): a smaller Fb is the same as each
        embedding repeated. AHC asks for a number of embeddings in a cluster.
        """
        parameters = dict(self.parameters)
        if "Fb" in parameters:
            parameters["Fb"] /= counting_for
        if "min_cluster_size" in parameters:
            parameters["min_cluster_size"] = max(1, round(parameters["min_cluster_size"] / counting_for))
        plda: tuple[Any, ...] = () if self.plda is None else (_plda(self.plda),)
        clustering = self.kind(*plda, metric=self.metric)
        clustering.instantiate(parameters)
        return clustering


def evenly_spread(window: NDArray[np.intp], most: int) -> NDArray[np.bool_]:
    """Which embeddings to keep, about `most`: all of some windows, which are spread evenly over those that have any.

    Args:
        window: that each embedding comes from, ascending.
        most: how many to keep.
    """
    _, number = np.unique(window, return_inverse=True)
    share = most / len(window)
    return np.floor((number + 1) * share) > np.floor(number * share)


def _centroids(
    clustering: BaseClustering, clean: NDArray[np.float32], bounds: Bounds
) -> tuple[bool, NDArray[np.floating]]:
    """Whether a window's speakers have to be kept apart, and the centroids that pyannote finds.

    pyannote is given the clean embeddings alone, each as a window of its own, so that it finds exactly these clean.
    """
    anyhow: Any = clustering  # annotated for whole numbers only
    with redirect_stdout(None):  # it prints remarks
        clusters, _, centroids = anyhow(
            embeddings=clean[:, None],
            segmentations=_feature(np.ones((len(clean), 1, 1), np.uint8)),
            num_clusters=bounds.exactly,
            min_clusters=bounds.at_least,
            max_clusters=bounds.at_most,
        )
    # VBx gives up keeping them apart where K-means had to make the number of speakers that was asked for.
    return bool((clusters == NOBODY).any()), centroids


def _feature(segmentations: Segmentations) -> SlidingWindowFeature:
    return SlidingWindowFeature(segmentations, SlidingWindow())  # clustering never looks at the times


def _directory(plda: Any) -> Path:  # noqa: ANN401 - what a pipeline's configuration says, once read
    places = (plda["checkpoint"], plda.get("subfolder") or "") if isinstance(plda, dict) else (plda,)
    if all(isinstance(place, (str, Path)) for place in places) and (directory := Path(*places)).is_dir():
        return directory
    raise ValueError("The pipeline's PLDA was not read from a directory; only there can a worker find it too.")


@cache
def _plda(directory: Path) -> PLDA:
    return PLDA(directory / "xvec_transform.npz", directory / "plda.npz")
