"""Fits a PLDA to labelled embeddings and writes the two files that pyannote.audio reads."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh

Array = NDArray[np.float64]

DIMENSION = 128
SHRINKAGE = 0.3
"""Weight of a spherical covariance: a few hundred embeddings determine a 256 × 256 covariance poorly."""
MIN_BETWEEN = 0.01
"""Minimum between-speaker variance in every direction: the model must be invertible."""


@dataclass(frozen=True, slots=True)
class _Scatter:
    within: Array
    between: Array

    @classmethod
    def of(cls, vectors: Array, speakers: NDArray[np.int64]) -> _Scatter:
        """Return the covariances within speakers, shrunk towards a sphere, and between their means."""
        means = np.stack([vectors[speakers == speaker].mean(0) for speaker in np.unique(speakers)])
        residuals = vectors - means[np.searchsorted(np.unique(speakers), speakers)]
        return cls(_shrink(np.cov(residuals.T)), np.cov(means.T))


def write(folder: Path, embeddings: Array, speakers: NDArray[np.int64]) -> None:
    """Write `xvec_transform.npz` (256 to 128 dimensions) and `plda.npz` for pyannote.audio's `vbx_setup`."""
    folder.mkdir(parents=True)
    mean1 = embeddings.mean(0)
    unit = _normalise(embeddings - mean1)
    lda = _directions(_Scatter.of(unit, speakers))[:, :DIMENSION]
    mean2 = (unit @ lda).mean(0)
    np.savez(folder / "xvec_transform.npz", mean1=mean1, lda=lda, mean2=mean2)
    reduced = _normalise(unit @ lda - mean2)
    scatter = _Scatter.of(reduced, speakers)
    between, directions = eigh(scatter.between, scatter.within)
    np.savez(
        folder / "plda.npz",
        mu=reduced.mean(0),
        tr=directions.T[::-1],
        psi=np.maximum(between[::-1], MIN_BETWEEN),
    )


def _directions(scatter: _Scatter) -> Array:
    """Return the discriminant directions as columns, in descending order of between-speaker variance."""
    _, directions = eigh(scatter.between + scatter.within, scatter.within)
    return directions[:, ::-1]


def _normalise(vectors: Array) -> Array:
    """Scale vectors to the norm that pyannote.audio uses: the square root of their dimension."""
    return np.sqrt(vectors.shape[1]) * vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def _shrink(covariance: Array) -> Array:
    sphere = np.trace(covariance) / len(covariance) * np.eye(len(covariance))
    return (1 - SHRINKAGE) * covariance + SHRINKAGE * sphere
