"""A WeSpeaker network with random weights."""

from __future__ import annotations

import torch
from pyannote.audio.models.embedding import WeSpeakerResNet34


def random_wespeaker() -> WeSpeakerResNet34:
    """Return a ResNet34 whose batch normalisation is not the identity."""
    torch.manual_seed(0)
    model = WeSpeakerResNet34().eval()
    for layer in model.modules():
        if isinstance(layer, torch.nn.BatchNorm2d) and layer.running_mean is not None:
            torch.nn.init.normal_(layer.running_mean, 0, 0.1)
            torch.nn.init.uniform_(layer.running_var, 0.5, 1.5)  # pyright: ignore[reportArgumentType]
    return model
