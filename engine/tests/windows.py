"""Windows of a conversation as the networks would see it, made up: who speaks in each frame, and voices to match."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

FRAMES, SPEAKERS, DIMENSION = 234, 3, 256
"""Of a window, by the demo model: frames, speakers at most, numbers in an embedding."""
FRAMES_PER_STEP = 0.4 / 0.016875


@dataclass(frozen=True)
class Windows:
    segmentations: NDArray[np.uint8]
    """Shape (windows, frames, speakers)."""
    embeddings: NDArray[np.float32]
    """Shape (windows, speakers, dimension)."""


def conversation(
    seed: int,
    *,
    windows: int = 60,
    voices: int = 3,
    overlap: float = 0.2,
    silence: float = 0.1,
    noise: float = 0.3,
    turn_frames: int = 120,
) -> Windows:
    """Turns of random length. `overlap` and `silence` are probabilities; `noise` is relative to a voice's length."""
    random = np.random.default_rng(seed)
    truth = _turns(random, windows, voices, overlap=overlap, silence=silence, turn_frames=turn_frames)
    made = Windows(
        np.zeros((windows, FRAMES, SPEAKERS), np.uint8),
        random.normal(size=(windows, SPEAKERS, DIMENSION)).astype(np.float32),
    )
    spoken = random.normal(size=(voices, DIMENSION))
    for window in range(windows):
        first = round(window * FRAMES_PER_STEP)
        heard = truth[first : first + FRAMES]
        present = np.flatnonzero(heard.any(axis=0))
        loudest = random.permutation(present[np.argsort(-heard[:, present].sum(axis=0))][:SPEAKERS])
        places = random.permutation(SPEAKERS)[: len(loudest)]
        made.segmentations[window][:, places] = heard[:, loudest]
        blurred = spoken[loudest] + noise * random.normal(size=(len(loudest), DIMENSION))
        made.embeddings[window, places] = blurred
    return made


def _turns(
    random: np.random.Generator, windows: int, voices: int, *, overlap: float, silence: float, turn_frames: int
) -> NDArray[np.bool_]:
    """Shape (frames, voices)."""
    frames = round(windows * FRAMES_PER_STEP) + FRAMES
    truth = np.zeros((frames, voices), bool)
    breaks = np.r_[0, np.cumsum(random.integers(10, 2 * turn_frames, frames // 10))]
    for number, (begin, end) in enumerate(pairwise(breaks[breaks < frames])):
        if random.random() >= silence:
            truth[begin:end, number % voices if number < voices else random.integers(voices)] = True
        if random.random() < overlap:
            truth[begin:end, random.integers(voices)] = True
    return truth
