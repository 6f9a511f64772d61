"""Subsampling of a long recording's embeddings, which bounds the time and memory of clustering.

Clustering compares all pairs of embeddings; a recording of four hours has 10^9 pairs. All embeddings of a recording up
to half an hour are clustered, as in pyannote.audio. Of a longer recording, about `MAX_EMBEDDINGS` are clustered, from
windows spread evenly over it: windows overlap so much that every moment is still in one of them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

MAX_EMBEDDINGS = 4500
"""Clustering time grows faster than the square of this number; memory is 8 bytes per pair."""
SUBSAMPLED_AFTER_S = 30 * 60
"""Recordings up to this duration are clustered with all of their embeddings."""


def select_evenly(windows: NDArray[np.intp], count: int) -> NDArray[np.bool_]:
    """Return a mask that selects about `count` embeddings.

    It selects all embeddings of some windows, spread evenly over the windows that have embeddings.

    Args:
        windows: the window of each embedding, ascending.
        count: the number of embeddings to select.
    """
    _, numbers = np.unique(windows, return_inverse=True)
    share = count / len(windows)
    return np.floor((numbers + 1) * share) > np.floor(numbers * share)
