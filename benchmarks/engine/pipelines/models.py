"""The compared pipelines: the demo model and one of real size, each with VBx and with the AHC of 3.1."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from sd_engine.diarization.model_loader import DEMO_MODEL

from benchmarks.engine.cache import cache_dir, cached, source_digest
from benchmarks.engine.recordings import conversations, voices

SOURCES = [*sorted(Path(__file__).parent.glob("*.py")), conversations.__file__, voices.__file__]
"""The files that determine the pipelines."""

DEMO_AHC = {"method": "centroid", "min_cluster_size": 12, "threshold": 0.7}
"""The parameters of speaker-diarization-3.1, with a threshold for the demo model's embeddings."""


def demo() -> list[Path]:
    """Return the demo model (VBx), and its networks with AHC."""
    ahc = cached(cache_dir() / f"demo-ahc-{source_digest(SOURCES)}", lambda path: with_ahc(path, DEMO_MODEL, DEMO_AHC))
    return [DEMO_MODEL, ahc]


def real_size() -> list[Path]:
    """Return the demo model's segmentation with a WeSpeakerResNet34 of random weights, with VBx and with AHC.

    Another process builds it: the benchmark itself does not import torch.
    """
    directory = cached(
        cache_dir() / f"real-size-{source_digest(SOURCES)}",
        lambda path: subprocess.run([sys.executable, "-m", "benchmarks.engine.pipelines.real_size", path], check=True),
    )
    return [directory / "vbx", directory / "ahc"]


def with_ahc(path: Path, model: Path, parameters: Mapping[str, Any]) -> None:
    """Copy a pipeline and let it cluster as speaker-diarization-3.1."""
    shutil.copytree(model, path)
    reconfigure(path, "AgglomerativeClustering", parameters)


def reconfigure(path: Path, clustering: str, parameters: Mapping[str, Any]) -> None:
    """Replace the clustering of the pipeline in `path`."""
    config = yaml.safe_load((path / "config.yaml").read_text())
    config["pipeline"]["params"]["clustering"] = clustering
    config["params"]["clustering"] = dict(parameters)
    (path / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
