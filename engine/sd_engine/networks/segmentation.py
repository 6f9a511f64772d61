"""The segmentation network: who of a window's speakers is active in which frame."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pyannote.audio import Model
from pyannote.audio.models.segmentation import PyanNet
from pyannote.audio.utils.powerset import Powerset
from torch import Tensor, nn

from sd_engine.samples import Samples

Activity = NDArray[np.uint8]


class SegmentationNetwork:
    """pyannote's own model with the usual conversion behind it: each frame gets its likeliest set of speakers.

    In `dtype` runs its LSTM only: in bfloat16 one frame of a thousand then gets another set.
    """

    def __init__(self, model: Model, dtype: torch.dtype = torch.float32) -> None:
        self._model = _adapted(model, dtype)
        sets: Any = model.specifications
        powerset = Powerset(len(sets.classes), sets.powerset_max_classes)
        mapping: Any = powerset.mapping
        self._speakers_of_set: Tensor = mapping.to(model.device, torch.uint8)

    def segment(self, windows: Sequence[Samples]) -> list[Activity]:
        """For each window of samples an array of 0 and 1, shape (frames, speakers)."""
        waveforms = torch.from_numpy(np.stack(windows))[:, None].to(self._model.device)
        likeliest = self._model(waveforms).argmax(dim=-1)
        return list(self._speakers_of_set[likeliest].cpu().numpy())


class _WindowByWindow(nn.Module):
    """A window's filtered samples fit a CPU's cache, those of a batch do not: 4.4 ms a window instead of 7.4."""

    def __init__(self, filters: nn.Module) -> None:
        super().__init__()
        self._filters = filters

    def forward(self, waveforms: Tensor) -> Tensor:
        return torch.cat([self._filters(waveform) for waveform in waveforms.split(1)])


class _Rounded(nn.Module):
    """An LSTM that works in another type than what is around it."""

    def __init__(self, lstm: nn.LSTM, dtype: torch.dtype) -> None:
        super().__init__()
        self._lstm = lstm.to(dtype)
        self._dtype = dtype

    def forward(self, features: Tensor) -> tuple[Tensor, Any]:
        outputs, state = self._lstm(features.to(self._dtype))
        return outputs.to(features.dtype), state


def _adapted(model: Model, dtype: torch.dtype) -> Model:
    """PyanNet with its parts in the form that the device likes; any other model as it is."""
    if type(model) is not PyanNet:
        return model
    adapted: Any = copy.deepcopy(model)
    if model.device.type == "cpu":
        adapted.sincnet = _WindowByWindow(adapted.sincnet)
    if dtype != torch.float32 and isinstance(adapted.lstm, nn.LSTM):
        adapted.lstm = _Rounded(adapted.lstm, dtype)
    return adapted
