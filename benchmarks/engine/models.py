"""The pipelines that are compared: the demo model and one of real size, each with VBx and with the 3.1 shape's AHC."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from sd_engine.diarization.model_loader import DEMO_MODEL

from benchmarks.engine.cache import folder, kept, sources

RECIPE = [
    str(Path(__file__).with_name(name))
    for name in ("models.py", "real_size.py", "resnet.py", "plda.py", "conversations.py", "voices.py")
]

DEMO_AHC = {"method": "centroid", "min_cluster_size": 12, "threshold": 0.7}
"""As speaker-diarization-3.1 has them, but for the threshold, which suits the demo model's embeddings."""


def demo() -> list[Path]:
    """The demo model as it ships (VBx), and its networks with AHC."""
    ahc = kept(folder() / f"demo-ahc-{sources(RECIPE)}", lambda path: with_ahc(path, DEMO_MODEL, DEMO_AHC))
    return [DEMO_MODEL, ahc]


def real_size() -> list[Path]:
    """The demo model's segmentation with a WeSpeakerResNet34 of random weights: VBx, and AHC.

    Built in a process of its own: the benchmark itself never loads torch.
    """
    both = kept(
        folder() / f"real-size-{sources(RECIPE)}",
        lambda path: subprocess.run([sys.executable, "-m", "benchmarks.engine.real_size", path], check=True),
    )
    return [both / "vbx", both / "ahc"]


def with_ahc(path: Path, model: Path, parameters: Mapping[str, Any]) -> None:
    """A copy of a pipeline that clusters as speaker-diarization-3.1 does."""
    shutil.copytree(model, path)
    reconfigure(path, "AgglomerativeClustering", parameters)


def reconfigure(path: Path, clustering: str, parameters: Mapping[str, Any]) -> None:
    """Another clustering for the pipeline in `path`."""
    config = yaml.safe_load((path / "config.yaml").read_text())
    config["pipeline"]["params"]["clustering"] = clustering
    config["params"]["clustering"] = dict(parameters)
    (path / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
