"""Synthetic outputs of the networks: activity and embeddings of the windows of a conversation."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

FRAMES, LOCAL_SPEAKERS, DIMENSION = 234, 3, 256
"""Of the demo model: frames and local speakers of a window, and the dimension of an embedding."""
FRAMES_PER_STEP = 0.4 / 0.016875


@dataclass(frozen=True)
class NetworkOutputs:
    segmentations: NDArray[np.uint8]
    """Shape (windows, frames, local speakers)."""
    embeddings: NDArray[np.float32]
    """Shape (windows, local speakers, dimension)."""


def synthesize(
    seed: int,
    *,
    windows: int = 60,
    speakers: int = 3,
    overlap: float = 0.2,
    silence: float = 0.1,
    noise: float = 0.3,
    turn_frames: int = 120,
) -> NetworkOutputs:
    """Return the outputs for turns of random length.

    `overlap` and `silence` are probabilities per turn; `noise` is the standard deviation that is added to a speaker's
    embedding, whose own is 1.
    """
    random = np.random.default_rng(seed)
    truth = _turns(random, windows, speakers, overlap=overlap, silence=silence, turn_frames=turn_frames)
    outputs = NetworkOutputs(
        np.zeros((windows, FRAMES, LOCAL_SPEAKERS), np.uint8),
        random.normal(size=(windows, LOCAL_SPEAKERS, DIMENSION)).astype(np.float32),
    )
    centroids = random.normal(size=(speakers, DIMENSION))
    for window in range(windows):
        first = round(window * FRAMES_PER_STEP)
        activity = truth[first : first + FRAMES]
        active = np.flatnonzero(activity.any(axis=0))
        most_active = random.permutation(active[np.argsort(-activity[:, active].sum(axis=0))][:LOCAL_SPEAKERS])
        local = random.permutation(LOCAL_SPEAKERS)[: len(most_active)]
        outputs.segmentations[window][:, local] = activity[:, most_active]
        noisy = centroids[most_active] + noise * random.normal(size=(len(most_active), DIMENSION))
        outputs.embeddings[window, local] = noisy
    return outputs


def _turns(
    random: np.random.Generator, windows: int, speakers: int, *, overlap: float, silence: float, turn_frames: int
) -> NDArray[np.bool_]:
    """Return the true activity of the whole recording, shape (frames, speakers)."""
    frames = round(windows * FRAMES_PER_STEP) + FRAMES
    truth = np.zeros((frames, speakers), bool)
    breaks = np.r_[0, np.cumsum(random.integers(10, 2 * turn_frames, frames // 10))]
    for number, (begin, end) in enumerate(pairwise(breaks[breaks < frames])):
        if random.random() >= silence:
            truth[begin:end, number % speakers if number < speakers else random.integers(speakers)] = True
        if random.random() < overlap:
            truth[begin:end, random.integers(speakers)] = True
    return truth
