"""An embedding network of real size with random weights, whose embeddings nevertheless tell some voices apart.

The weights stay random; what a training would have set besides is set by measuring, on windows of conversations as the
pipeline will see them: the running statistics of the batch normalisations, and how the last layer weighs directions.
Without the first the signal dies within 34 layers, without the second all embeddings point the same way.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pyannote.audio.models.embedding import WeSpeakerResNet34
from scipy.cluster.hierarchy import linkage

from benchmarks.engine.conversations import Scene, Turn, conversation
from benchmarks.engine.voices import SAMPLE_RATE_HZ

SEED = 4
CONVERSATIONS = 10
CONVERSATION_S = 20
WINDOW_S = 4
STEP_S = 1.6
SHORTEST_S = 0.8
"""Who speaks less in a window is not embedded from it."""
BATCH = 11
EVENED_OUT = 0.5
"""A random network answers mostly along one direction: the spreads of all are brought closer by this power."""
STRONG = 60
"""So many directions are told from noise."""
LEFT_WHOLE_PERCENT = 20
THRESHOLD = 0.62
"""Unit embeddings share so much of one direction that the threshold lies here: pyannote's VBx takes 0.5 to 0.8."""


@dataclass(frozen=True, slots=True)
class Slots:
    """All that was embedded: from which window, weighed by where its speaker is heard; whose; in which conversation."""

    windows: NDArray[np.int64]
    masks: torch.Tensor
    speakers: NDArray[np.int64]
    conversations: NDArray[np.int64]


def embedding() -> tuple[WeSpeakerResNet34, NDArray[np.float64], NDArray[np.int64]]:
    """The network; embeddings (slots, 256) of voices in conversations, and whose each one is (slots,).

    With `THRESHOLD`, pyannote's linkage leaves a fifth of the conversations in one cluster.
    """
    torch.manual_seed(SEED)
    model: Any = WeSpeakerResNet34()
    waveforms, slots = _windows()
    features = torch.cat([model.compute_fbank(batch) for batch in waveforms.split(BATCH)])
    _settle(model.resnet, features)
    with torch.no_grad():
        pooled = _pooled(model.resnet, features, slots)
        _spread(model.resnet.seg_1, pooled)
        _share_a_direction(model.resnet.seg_1, pooled, slots.conversations)
        embeddings = model.resnet.seg_1(pooled).double().numpy()
    return model.eval(), embeddings, slots.speakers


def _windows() -> tuple[torch.Tensor, Slots]:
    """Waveforms (windows, 1, samples), and the slots in them."""
    waveforms: list[NDArray[np.float32]] = []
    found: list[tuple[int, NDArray[np.float32], int, int]] = []
    for number in range(CONVERSATIONS):
        scene = Scene(seed=number, duration_s=CONVERSATION_S, speakers=3, noise_db=25)
        samples, turns = conversation(scene)
        for start_s in np.arange(0, CONVERSATION_S - WINDOW_S + 0.01, STEP_S):
            for speaker in range(scene.speakers):
                mask = _mask(turns, f"speaker{speaker}", start_s)
                if mask.sum() >= 100 * SHORTEST_S:
                    found.append((len(waveforms), mask, scene.speakers * number + speaker, number))
            first = round(start_s * SAMPLE_RATE_HZ)
            window = samples[first : first + WINDOW_S * SAMPLE_RATE_HZ] / 32768
            waveforms.append(window.astype(np.float32))
    windows, masks, speakers, conversations = zip(*found, strict=True)
    slots = Slots(np.array(windows), torch.from_numpy(np.stack(masks)), np.array(speakers), np.array(conversations))
    return torch.from_numpy(np.stack(waveforms))[:, None], slots


def _mask(turns: list[Turn], speaker: str, start_s: float) -> NDArray[np.float32]:
    """Where a speaker is heard in a window, 10 ms apart."""
    mask = np.zeros(100 * WINDOW_S, np.float32)
    for turn in turns:
        if turn.speaker == speaker:
            first, last = (max(0, round(100 * (time_s - start_s))) for time_s in (turn.start_s, turn.end_s))
            mask[first:last] = 1
    return mask


def _settle(resnet: Any, features: torch.Tensor) -> None:  # noqa: ANN401 - the layer's class is not public
    """Each normalisation sees what reaches it, over all windows, once."""
    norms = [module for module in resnet.modules() if isinstance(module, torch.nn.BatchNorm2d)]
    for norm in norms:
        norm.momentum = None  # a plain average over the batches
        norm.reset_running_stats()
    resnet.train()
    with torch.no_grad():
        for batch in features[torch.randperm(len(features))].split(BATCH):
            resnet.forward_frames(batch)
    resnet.eval()
    for norm in norms:
        norm.momentum = 0.1


def _pooled(resnet: Any, features: torch.Tensor, slots: Slots) -> torch.Tensor:  # noqa: ANN401
    """Statistics (slots, 5120) that the last layer sees."""
    frames = torch.cat([resnet.forward_frames(batch) for batch in features.split(BATCH)])
    return torch.cat(
        [
            resnet.pool(frames[window][None], weights=mask[None])
            for window, mask in zip(slots.windows, slots.masks, strict=True)
        ]
    )


def _spread(last: Any, pooled: torch.Tensor) -> None:  # noqa: ANN401
    """Centres the last layer's output, and evens out its directions."""
    projected = torch.nn.functional.linear(pooled, last.weight)
    mean = projected.mean(0)
    _, strengths, directions = torch.linalg.svd(projected - mean, full_matrices=True)
    strengths = torch.nn.functional.pad(strengths, (0, len(directions) - len(strengths)))
    evened = directions.T @ (strengths.clamp(min=strengths[STRONG]) ** -EVENED_OUT)[:, None].mul(directions)
    last.weight.data = evened @ last.weight
    last.bias.data = -evened @ mean


def _share_a_direction(last: Any, pooled: torch.Tensor, conversations: NDArray[np.int64]) -> None:  # noqa: ANN401
    """Adds one direction to all embeddings, until the distance that splits most conversations is `THRESHOLD`."""
    embeddings = last(pooled)
    shared = torch.nn.functional.normalize(torch.randn(last.out_features), dim=0) * embeddings.norm(dim=1).mean()
    shares = np.arange(0, 4, 0.05)
    splitting = [_splitting_most((embeddings + share * shared).double().numpy(), conversations) for share in shares]
    last.bias.data += float(shares[np.argmin(np.abs(np.array(splitting) - THRESHOLD))]) * shared


def _splitting_most(embeddings: NDArray[np.float64], conversations: NDArray[np.int64]) -> float:
    """The threshold that leaves a fifth of the conversations whole, as pyannote's linkage sees them."""
    unit = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
    each = [unit[conversations == number] for number in np.unique(conversations)]
    return float(np.percentile([linkage(one, "centroid")[:, 2].max() for one in each], LEFT_WHOLE_PERCENT))
