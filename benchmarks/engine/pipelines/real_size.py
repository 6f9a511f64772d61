"""`python -m benchmarks.engine.pipelines.real_size FOLDER`: write the real-size pipelines `vbx` and `ahc`."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

import lightning
import torch
from pyannote.audio import __version__
from pyannote.audio.core.task import Problem, Resolution, Specifications
from sd_engine.diarization.model_loader import DEMO_MODEL

from benchmarks.engine.pipelines import plda
from benchmarks.engine.pipelines.models import reconfigure, with_ahc
from benchmarks.engine.pipelines.resnet import THRESHOLD, WINDOW_S, embedding

FA_FB = {"Fa": 0.3, "Fb": 0.8}
"""A larger Fa than community-1's (0.07): these embeddings separate speakers less."""
MIN_CLUSTER_SIZE = 12


def main() -> None:
    target = Path(sys.argv[1])
    network, embeddings, speakers = embedding()
    vbx = target / "vbx"
    shutil.copytree(DEMO_MODEL, vbx, ignore=shutil.ignore_patterns("embedding", "plda", "*.md"))
    _write_network(network, vbx / "embedding")
    plda.write(vbx / "plda", embeddings, speakers)
    reconfigure(vbx, "VBxClustering", {"threshold": THRESHOLD, **FA_FB})
    ahc = {"method": "centroid", "min_cluster_size": MIN_CLUSTER_SIZE, "threshold": THRESHOLD}
    with_ahc(target / "ahc", vbx, ahc)


def _write_network(network: Any, target: Path) -> None:  # noqa: ANN401
    """Write the checkpoint that `Model.from_pretrained` reads."""
    network.specifications = Specifications(
        problem=Problem.REPRESENTATION, resolution=Resolution.CHUNK, duration=WINDOW_S
    )
    target.mkdir(parents=True)
    checkpoint = {
        "state_dict": network.state_dict(),
        "hyper_parameters": dict(network.hparams),
        "pytorch-lightning_version": lightning.__version__,
        "pyannote.audio": {
            "versions": {"pyannote.audio": __version__},
            "architecture": {"module": type(network).__module__, "class": type(network).__name__},
            "specifications": network.specifications,
        },
    }
    torch.save(checkpoint, target / "pytorch_model.bin")


if __name__ == "__main__":
    main()
