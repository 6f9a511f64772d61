"""Assignment of each window's local speakers to the clusters with the most similar centroids, as in pyannote.audio."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from sd_engine.diarization.reconstruction import UNASSIGNED

Metric = Literal["cosine", "euclidean"]

_BLOCK_ROWS = 8192
"""SciPy converts its input to float64: 16 MB per block instead of a copy of all embeddings."""


def similarities(
    embeddings: NDArray[np.float32], centroids: NDArray[np.floating], metric: Metric
) -> NDArray[np.float64]:
    """Return 2 - distance, shape (windows, local speakers, clusters)."""
    windows, speakers, dimension = embeddings.shape
    rows = embeddings.reshape(-1, dimension)
    result = np.empty((len(rows), len(centroids)))
    for begin in range(0, len(rows), _BLOCK_ROWS):
        block = slice(begin, begin + _BLOCK_ROWS)
        np.subtract(2, cdist(rows[block], centroids, metric=metric), out=result[block])
    return result.reshape(windows, speakers, -1)


def assign(similarity: NDArray[np.float64]) -> NDArray[np.int32]:
    """Return each local speaker's most similar cluster, shape (windows, local speakers).

    Local speakers of one window may get the same cluster.
    """
    return similarity.argmax(axis=2).astype(np.int32)


def assign_constrained(similarity: NDArray[np.float64], inactive: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Return the best assignment in which the local speakers of a window get different clusters.

    This is `constrained_argmax` of pyannote.audio's VBxClustering, which supports at most 127 clusters because it
    stores their numbers in eight bits. `similarity` is overwritten.
    """
    similarity[inactive] = similarity.min() - 1.0
    np.nan_to_num(similarity, copy=False, nan=np.nanmin(similarity))
    clusters = np.full(similarity.shape[:2], UNASSIGNED, np.int32)
    for assigned, window in zip(clusters, similarity, strict=True):
        speakers, matches = linear_sum_assignment(window, maximize=True)
        assigned[speakers] = matches
    return clusters
