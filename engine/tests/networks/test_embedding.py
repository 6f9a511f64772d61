"""Trunk and head together return the embeddings of the whole network."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from pyannote.audio import Model
from random_wespeaker import random_wespeaker
from sd_engine.diarization.model_loader import DEMO_MODEL
from sd_engine.networks import embedding

pytestmark = [
    pytest.mark.filterwarnings("ignore:At least one mel filterbank"),
    pytest.mark.filterwarnings("ignore:An output with one or more elements was resized"),
]


@pytest.fixture(scope="module", params=["x-vector", "ResNet34"])
def model(request: pytest.FixtureRequest) -> Any:
    if request.param == "ResNet34":
        return random_wespeaker()
    model = Model.from_pretrained(DEMO_MODEL, subfolder="embedding")
    assert model is not None
    return model.eval()


def test_embeddings_are_those_of_the_whole_network(model: Any) -> None:
    generator = torch.Generator().manual_seed(0)
    waveforms = 0.1 * torch.randn(2, 32000, generator=generator)
    weights = (torch.rand(2, 3, 100, generator=generator) > 0.4).float()
    network = embedding.split(model)
    assert network is not None

    with torch.inference_mode():
        ours = network.head(network.trunk(waveforms), weights)
        expected = torch.stack([model(waveforms[:, None], weights=weights[:, speaker]) for speaker in range(3)], dim=1)

    assert ((ours - expected).norm(dim=2) / expected.norm(dim=2)).max() < 1e-5


def test_other_architectures_are_not_split() -> None:
    assert embedding.split(torch.nn.Identity()) is None


def test_a_network_with_other_features_is_not_split() -> None:
    model = random_wespeaker()
    model.hparams["window_type"] = "hann"

    assert embedding.split(model) is None
