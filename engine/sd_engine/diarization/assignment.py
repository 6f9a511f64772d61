"""Each window's speakers go to the cluster whose centroid is the most similar: pyannote's rule, block by block."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from sd_engine.diarization.reconstruction import NOBODY

Metric = Literal["cosine", "euclidean"]

_ROWS_AT_ONCE = 8192
"""SciPy turns what it compares into float64: 16 MB of embeddings at once instead of all."""


def similarities(
    embeddings: NDArray[np.float32], centroids: NDArray[np.floating], metric: Metric
) -> NDArray[np.float64]:
    """2 - distance, shape (windows, speakers, clusters)."""
    windows, speakers, dimension = embeddings.shape
    rows = embeddings.reshape(-1, dimension)
    found = np.empty((len(rows), len(centroids)))
    for begin in range(0, len(rows), _ROWS_AT_ONCE):
        block = slice(begin, begin + _ROWS_AT_ONCE)
        np.subtract(2, cdist(rows[block], centroids, metric=metric), out=found[block])
    return found.reshape(windows, speakers, -1)


def nearest(similarity: NDArray[np.float64]) -> NDArray[np.int32]:
    """The most similar cluster of each; several speakers of a window may share one. Shape (windows, speakers)."""
    return similarity.argmax(axis=2).astype(np.int32)


def nearest_apart(similarity: NDArray[np.float64], silent: NDArray[np.bool_]) -> NDArray[np.int32]:
    """The best assignment in which no two speakers of a window share a cluster (`constrained_argmax`, VBxClustering).

    pyannote's own counts clusters in eight bits and has room for 127 of them. `similarity` is overwritten.
    """
    similarity[silent] = similarity.min() - 1.0
    np.nan_to_num(similarity, copy=False, nan=np.nanmin(similarity))
    clusters = np.full(similarity.shape[:2], NOBODY, np.int32)
    for assigned, window in zip(clusters, similarity, strict=True):
        speakers, nearest_ones = linear_sum_assignment(window, maximize=True)
        assigned[speakers] = nearest_ones
    return clusters
