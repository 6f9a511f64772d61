"""The segmentation network: who of a window's speakers is active in which frame."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pyannote.audio import Model
from pyannote.audio.utils.powerset import Powerset
from torch import Tensor

from sd_engine.geometry import Samples

Activity = NDArray[np.uint8]


class SegmentationNetwork:
    """pyannote's own model with the usual conversion behind it: each frame gets its likeliest set of speakers."""

    def __init__(self, model: Model) -> None:
        self._model = model
        sets: Any = model.specifications
        powerset = Powerset(len(sets.classes), sets.powerset_max_classes)
        mapping: Any = powerset.mapping
        self._speakers_of_set: Tensor = mapping.to(model.device, torch.uint8)

    def segment(self, windows: Sequence[Samples]) -> list[Activity]:
        """For each window of samples an array of 0 and 1, shape (frames, speakers)."""
        waveforms = torch.from_numpy(np.stack(windows))[:, None].to(self._model.device)
        likeliest = self._model(waveforms).argmax(dim=-1)
        return list(self._speakers_of_set[likeliest].cpu().numpy())
