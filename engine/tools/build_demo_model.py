"""Packs trained weights into a pyannote.audio pipeline directory, the demo model.

The weights were trained on espeak-ng voices (see the model card). This file defines the networks' architecture and the
clustering parameters, which were tuned on held-out voices.

    python engine/tools/build_demo_model.py SEGMENTATION.pt EMBEDDING.pt PLDA.npz engine/sd_engine/demo_model
"""  # noqa: INP001 - a script outside of any package

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import lightning
import numpy as np
import torch
import yaml
from pyannote.audio import Model, __version__
from pyannote.audio.core.task import Problem, Resolution, Specifications
from pyannote.audio.models.embedding import XVectorMFCC
from pyannote.audio.models.segmentation import PyanNet

WINDOW_S = 4.0
"""With windows of ten seconds, a network of this size did not learn to separate overlapping speakers."""
LOCAL_SPEAKERS = 3
MAX_ACTIVE_SPEAKERS = 2
EMBEDDING_DIMENSION = 256

CONFIG: dict[str, Any] = {
    "dependencies": {"pyannote.audio": __version__},
    "pipeline": {
        "name": "pyannote.audio.pipelines.SpeakerDiarization",
        "params": {
            "segmentation": "$model/segmentation",
            "segmentation_batch_size": 32,
            "embedding": "$model/embedding",
            "embedding_batch_size": 32,
            "embedding_exclude_overlap": True,
            "plda": "$model/plda",
            "clustering": "VBxClustering",
        },
    },
    "params": {
        "clustering": {"threshold": 0.5, "Fa": 0.05, "Fb": 8.0},
        "segmentation": {"min_duration_off": 0.0},
    },
}


def segmentation() -> Model:
    """Return a small PyanNet: 16 kHz samples, shape (batch, 1, 64000), to powerset classes per frame."""
    model = PyanNet(
        sincnet={"stride": 10},
        lstm={"hidden_size": 128, "num_layers": 2, "bidirectional": True, "monolithic": True, "dropout": 0.5},
        linear={"hidden_size": 128, "num_layers": 2},
    )
    model.specifications = Specifications(
        problem=Problem.MONO_LABEL_CLASSIFICATION,
        resolution=Resolution.FRAME,
        duration=WINDOW_S,
        classes=[f"speaker#{number + 1}" for number in range(LOCAL_SPEAKERS)],
        powerset_max_classes=MAX_ACTIVE_SPEAKERS,
        permutation_invariant=True,
    )
    model.build()
    return model


def embedding() -> Model:
    """Return an x-vector network on MFCCs: 16 kHz samples, shape (batch, 1, samples), to shape (batch, 256)."""
    model = XVectorMFCC(dimension=EMBEDDING_DIMENSION, mfcc={"n_mfcc": 40, "log_mels": True})
    model.specifications = Specifications(
        problem=Problem.REPRESENTATION, resolution=Resolution.CHUNK, duration=WINDOW_S
    )
    return model


def write_model(model: Model, weights: Path, target: Path) -> None:
    """Write a checkpoint for `Model.from_pretrained`: weights and architecture, without optimizer state."""
    model.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True)["state_dict"])
    target.mkdir(parents=True, exist_ok=True)
    checkpoint = {
        "state_dict": model.state_dict(),
        "hyper_parameters": dict(model.hparams),
        "pytorch-lightning_version": lightning.__version__,
        "pyannote.audio": {
            "versions": {"pyannote.audio": __version__},
            "architecture": {"module": type(model).__module__, "class": type(model).__name__},
            "specifications": model.specifications,
        },
    }
    torch.save(checkpoint, target / "pytorch_model.bin")


def write_plda(arrays: Path, target: Path) -> None:
    """Split the PLDA into pyannote.audio's two files, `xvec_transform.npz` and `plda.npz`."""
    target.mkdir(parents=True, exist_ok=True)
    with np.load(arrays) as plda:
        np.savez(target / "xvec_transform.npz", **{name: plda[name] for name in ("mean1", "mean2", "lda")})
        np.savez(target / "plda.npz", **{name: plda[name] for name in ("mu", "tr", "psi")})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("segmentation", "embedding", "plda", "target"):
        parser.add_argument(name, type=Path)
    paths = parser.parse_args()
    write_model(segmentation(), paths.segmentation, paths.target / "segmentation")
    write_model(embedding(), paths.embedding, paths.target / "embedding")
    write_plda(paths.plda, paths.target / "plda")
    (paths.target / "config.yaml").write_text(yaml.safe_dump(CONFIG, sort_keys=False))


if __name__ == "__main__":
    main()
