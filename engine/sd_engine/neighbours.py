"""Windows that were not embedded borrow from those beside them, where nine tenths of what is heard is the same."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sd_engine.geometry import Geometry

Activity = NDArray[np.uint8]
Embeddings = NDArray[np.float32]


def lend(activity: Activity, embeddings: Embeddings, geometry: Geometry) -> None:
    """Fills in every second window, in place: each of its speakers gets the mean of the same speaker's on both sides.

    `activity` has the shape (windows, frames, speakers), `embeddings` (windows, speakers, dimension). The same speaker
    is whoever is active in the same frames most. One who is heard on neither side keeps the embedding of silence:
    that is less than a tenth of a window, and pyannote clusters without it.
    """
    borrowers = np.arange(1, len(activity), 2)
    shift = round(geometry.step_samples / geometry.window_samples * geometry.frames)
    lent, heard = zip(*(_lent(activity, embeddings, borrowers, side, shift) for side in (-1, 1)), strict=True)
    lenders = np.sum(heard, axis=0)[..., None]
    mean = np.sum(lent, axis=0) / np.maximum(lenders, 1)
    embeddings[borrowers] = np.where(lenders > 0, mean, embeddings[borrowers])


def _lent(
    activity: Activity, embeddings: Embeddings, borrowers: NDArray[np.intp], side: int, shift: int
) -> tuple[Embeddings, NDArray[np.bool_]]:
    """What the windows on one side (-1 = before) lend, and to whom; nothing is zero."""
    frames = activity.shape[1]
    beside = np.minimum(borrowers + side, len(activity) - 1)
    ours, theirs = activity[borrowers, : frames - shift], activity[beside, shift:]
    if side > 0:
        ours, theirs = activity[borrowers, shift:], activity[beside, : frames - shift]
    ours, theirs = ours.astype(np.float32).transpose(0, 2, 1), theirs.astype(np.float32)
    together, alone = ours @ theirs, ours @ (1 - theirs)  # in how many frames, shape (windows, ours, theirs)
    same = (together - alone).argmax(axis=2)
    heard = np.take_along_axis(together, same[..., None], axis=2)[..., 0] > 0
    heard &= (borrowers + side < len(activity))[:, None]
    return np.where(heard[..., None], embeddings[beside[:, None], same], 0), heard
