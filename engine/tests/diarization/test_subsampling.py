"""Embeddings are selected evenly over a recording."""

from __future__ import annotations

import numpy as np
from sd_engine.diarization.subsampling import select_evenly


def test_all_embeddings_of_evenly_spread_windows_are_selected() -> None:
    windows = np.repeat(np.arange(0, 2000, 2), 3)  # three embeddings in every other window

    selected = select_evenly(windows, 300)

    assert selected.sum() == 300
    assert np.unique(windows[selected], return_counts=True)[1].tolist() == [3] * 100
    assert set(np.diff(np.unique(windows[selected]))) == {20}
