"""The segmentation network: the active local speakers in each frame of a window."""

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
"""Shape (..., frames, local speakers); 1 = active."""


class SegmentationNetwork:
    """A powerset segmentation model; each frame gets the speakers of its most likely class.

    Only the LSTM runs in `dtype`. In bfloat16, one frame in a thousand gets another class than in float32.
    """

    def __init__(self, model: Model, dtype: torch.dtype = torch.float32) -> None:
        self._model = _optimised(model, dtype)
        specifications: Any = model.specifications
        powerset = Powerset(len(specifications.classes), specifications.powerset_max_classes)
        mapping: Any = powerset.mapping
        self._speakers_by_class: Tensor = mapping.to(model.device, torch.uint8)

    def segment(self, windows: Sequence[Samples]) -> list[Activity]:
        """Return each window's activity, shape (frames, local speakers)."""
        waveforms = torch.from_numpy(np.stack(windows))[:, None].to(self._model.device)
        classes = self._model(waveforms).argmax(dim=-1)
        return list(self._speakers_by_class[classes].cpu().numpy())


class _UnbatchedSincNet(nn.Module):
    """SincNet, run window by window: one window's features fit into a CPU's cache (4.4 instead of 7.4 ms a window)."""

    def __init__(self, sincnet: nn.Module) -> None:
        super().__init__()
        self._sincnet = sincnet

    def forward(self, waveforms: Tensor) -> Tensor:
        return torch.cat([self._sincnet(waveform) for waveform in waveforms.split(1)])


class _MixedPrecisionLstm(nn.Module):
    """An LSTM in another dtype than the layers around it."""

    def __init__(self, lstm: nn.LSTM, dtype: torch.dtype) -> None:
        super().__init__()
        self._lstm = lstm.to(dtype)
        self._dtype = dtype

    def forward(self, features: Tensor) -> tuple[Tensor, Any]:
        outputs, state = self._lstm(features.to(self._dtype))
        return outputs.to(features.dtype), state


def _optimised(model: Model, dtype: torch.dtype) -> Model:
    """Return a copy of a PyanNet adapted to device and dtype; other models are returned unchanged."""
    if type(model) is not PyanNet:
        return model
    optimised: Any = copy.deepcopy(model)
    if model.device.type == "cpu":
        optimised.sincnet = _UnbatchedSincNet(optimised.sincnet)
    if dtype != torch.float32 and isinstance(optimised.lstm, nn.LSTM):
        optimised.lstm = _MixedPrecisionLstm(optimised.lstm, dtype)
    return optimised
