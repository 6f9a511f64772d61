"""An embedding network of real size with random weights whose embeddings separate some speakers.

Two things are calibrated on windows of conversations instead of trained: the running statistics of the batch
normalisations, without which the signal vanishes within 34 layers, and the projection of the last layer, without which
all embeddings have nearly the same direction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pyannote.audio.models.embedding import WeSpeakerResNet34
from scipy.cluster.hierarchy import linkage

from benchmarks.engine.recordings.conversations import Scene, Turn, conversation
from benchmarks.engine.recordings.voices import SAMPLE_RATE_HZ

SEED = 4
CONVERSATIONS = 10
CONVERSATION_S = 20
WINDOW_S = 4
STEP_S = 1.6
MIN_SPEECH_S = 0.8
"""Minimum speech of a speaker in a window."""
BATCH = 11
WHITENING_POWER = 0.5
"""Exponent of the partial whitening: a random network's outputs vary mostly along one direction."""
WHITENED_DIRECTIONS = 60
"""Directions with more variance than noise."""
SINGLE_CLUSTER_PERCENT = 20
THRESHOLD = 0.62
"""Clustering threshold that the common direction is chosen for; pyannote.audio's VBx accepts 0.5 to 0.8."""


@dataclass(frozen=True, slots=True)
class LocalSpeakers:
    """Window, mask (100 frames per second), speaker and conversation of each local speaker."""

    windows: NDArray[np.int64]
    masks: torch.Tensor
    speakers: NDArray[np.int64]
    conversations: NDArray[np.int64]


def embedding() -> tuple[WeSpeakerResNet34, NDArray[np.float64], NDArray[np.int64]]:
    """Return the network, embeddings, shape (local speakers, 256), and their speakers, shape (local speakers,).

    With `THRESHOLD`, agglomerative clustering leaves a fifth of the conversations in one cluster.
    """
    torch.manual_seed(SEED)
    model: Any = WeSpeakerResNet34()
    waveforms, local_speakers = _windows()
    features = torch.cat([model.compute_fbank(batch) for batch in waveforms.split(BATCH)])
    _calibrate_batch_norm(model.resnet, features)
    with torch.no_grad():
        pooled = _pooled(model.resnet, features, local_speakers)
        _whiten(model.resnet.seg_1, pooled)
        _add_common_direction(model.resnet.seg_1, pooled, local_speakers.conversations)
        embeddings = model.resnet.seg_1(pooled).double().numpy()
    return model.eval(), embeddings, local_speakers.speakers


def _windows() -> tuple[torch.Tensor, LocalSpeakers]:
    """Return waveforms, shape (windows, 1, samples), and their local speakers."""
    waveforms: list[NDArray[np.float32]] = []
    rows: list[tuple[int, NDArray[np.float32], int, int]] = []
    for number in range(CONVERSATIONS):
        scene = Scene(seed=number, duration_s=CONVERSATION_S, speakers=3, noise_db=25)
        samples, turns = conversation(scene)
        for start_s in np.arange(0, CONVERSATION_S - WINDOW_S + 0.01, STEP_S):
            for speaker in range(scene.speakers):
                mask = _mask(turns, f"speaker{speaker}", start_s)
                if mask.sum() >= 100 * MIN_SPEECH_S:
                    rows.append((len(waveforms), mask, scene.speakers * number + speaker, number))
            first = round(start_s * SAMPLE_RATE_HZ)
            window = samples[first : first + WINDOW_S * SAMPLE_RATE_HZ] / 32768
            waveforms.append(window.astype(np.float32))
    windows, masks, speakers, conversations = zip(*rows, strict=True)
    local_speakers = LocalSpeakers(
        np.array(windows), torch.from_numpy(np.stack(masks)), np.array(speakers), np.array(conversations)
    )
    return torch.from_numpy(np.stack(waveforms))[:, None], local_speakers


def _mask(turns: list[Turn], speaker: str, start_s: float) -> NDArray[np.float32]:
    """Return a speaker's activity in a window, 100 frames per second."""
    mask = np.zeros(100 * WINDOW_S, np.float32)
    for turn in turns:
        if turn.speaker == speaker:
            first, last = (max(0, round(100 * (time_s - start_s))) for time_s in (turn.start_s, turn.end_s))
            mask[first:last] = 1
    return mask


def _calibrate_batch_norm(resnet: Any, features: torch.Tensor) -> None:  # noqa: ANN401 - the class is not public
    """Set the running statistics of all normalisations to those of all windows."""
    norms = [module for module in resnet.modules() if isinstance(module, torch.nn.BatchNorm2d)]
    for norm in norms:
        norm.momentum = None  # a cumulative average over the batches
        norm.reset_running_stats()
    resnet.train()
    with torch.no_grad():
        for batch in features[torch.randperm(len(features))].split(BATCH):
            resnet.forward_frames(batch)
    resnet.eval()
    for norm in norms:
        norm.momentum = 0.1


def _pooled(resnet: Any, features: torch.Tensor, local_speakers: LocalSpeakers) -> torch.Tensor:  # noqa: ANN401
    """Return the pooled statistics, shape (local speakers, 5120), which are the last layer's input."""
    frames = torch.cat([resnet.forward_frames(batch) for batch in features.split(BATCH)])
    return torch.cat(
        [
            resnet.pool(frames[window][None], weights=mask[None])
            for window, mask in zip(local_speakers.windows, local_speakers.masks, strict=True)
        ]
    )


def _whiten(last: Any, pooled: torch.Tensor) -> None:  # noqa: ANN401
    """Centre the last layer's output and partially whiten it."""
    projected = torch.nn.functional.linear(pooled, last.weight)
    mean = projected.mean(0)
    _, strengths, directions = torch.linalg.svd(projected - mean, full_matrices=True)
    strengths = torch.nn.functional.pad(strengths, (0, len(directions) - len(strengths)))
    whitening = directions.T @ (strengths.clamp(min=strengths[WHITENED_DIRECTIONS]) ** -WHITENING_POWER)[:, None].mul(
        directions
    )
    last.weight.data = whitening @ last.weight
    last.bias.data = -whitening @ mean


def _add_common_direction(last: Any, pooled: torch.Tensor, conversations: NDArray[np.int64]) -> None:  # noqa: ANN401
    """Add a constant vector to all embeddings, scaled so that most conversations are split at `THRESHOLD`."""
    embeddings = last(pooled)
    common = torch.nn.functional.normalize(torch.randn(last.out_features), dim=0) * embeddings.norm(dim=1).mean()
    scales = np.arange(0, 4, 0.05)
    thresholds = [
        _splitting_threshold((embeddings + scale * common).double().numpy(), conversations) for scale in scales
    ]
    last.bias.data += float(scales[np.argmin(np.abs(np.array(thresholds) - THRESHOLD))]) * common


def _splitting_threshold(embeddings: NDArray[np.float64], conversations: NDArray[np.int64]) -> float:
    """Return the threshold at which agglomerative clustering leaves a fifth of the conversations in one cluster."""
    unit = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
    each = [unit[conversations == number] for number in np.unique(conversations)]
    return float(np.percentile([linkage(one, "centroid")[:, 2].max() for one in each], SINGLE_CLUSTER_PERCENT))
