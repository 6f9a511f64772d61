"""A PLDA fitted to labelled embeddings, in the two files that pyannote.audio reads."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh

Array = NDArray[np.float64]

DIMENSION = 128
SHRINKAGE = 0.3
"""A few hundred embeddings tell little about 256 × 256 covariances: so much of each is replaced by a sphere."""
SMALLEST_BETWEEN = 0.01
"""Speakers differ a little in every direction, else the model cannot be inverted."""


@dataclass(frozen=True, slots=True)
class _Scatter:
    within: Array
    between: Array

    @classmethod
    def of(cls, vectors: Array, speakers: NDArray[np.int64]) -> _Scatter:
        """Covariances within speakers and between their means, each shrunk towards a sphere."""
        means = np.stack([vectors[speakers == speaker].mean(0) for speaker in np.unique(speakers)])
        rest = vectors - means[np.searchsorted(np.unique(speakers), speakers)]
        return cls(_shrunk(np.cov(rest.T)), np.cov(means.T))


def write(folder: Path, embeddings: Array, speakers: NDArray[np.int64]) -> None:
    """`xvec_transform.npz` (256 to 128 dimensions) and `plda.npz`, as pyannote's `utils.vbx.vbx_setup` takes them."""
    folder.mkdir(parents=True)
    mean1 = embeddings.mean(0)
    unit = _on_sphere(embeddings - mean1)
    lda = _directions(_Scatter.of(unit, speakers))[:, :DIMENSION]
    mean2 = (unit @ lda).mean(0)
    np.savez(folder / "xvec_transform.npz", mean1=mean1, lda=lda, mean2=mean2)
    reduced = _on_sphere(unit @ lda - mean2)
    scatter = _Scatter.of(reduced, speakers)
    between, directions = eigh(scatter.between, scatter.within)
    np.savez(
        folder / "plda.npz",
        mu=reduced.mean(0),
        tr=directions.T[::-1],
        psi=np.maximum(between[::-1], SMALLEST_BETWEEN),
    )


def _directions(scatter: _Scatter) -> Array:
    """Columns along which speakers differ most, most first, as long as all embeddings together spread there."""
    _, directions = eigh(scatter.between + scatter.within, scatter.within)
    return directions[:, ::-1]


def _on_sphere(vectors: Array) -> Array:
    """Vectors of the length that pyannote gives them: the root of their dimension."""
    return np.sqrt(vectors.shape[1]) * vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def _shrunk(covariance: Array) -> Array:
    sphere = np.trace(covariance) / len(covariance) * np.eye(len(covariance))
    return (1 - SHRINKAGE) * covariance + SHRINKAGE * sphere
