"""Repositories for the fake hub, in the shapes that pyannote's have; the weights are noise, unless given."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

from sd_harness.hub.fake_hub import Repo

COMMUNITY = "pyannote/speaker-diarization-community-1"
THREE_ONE = "pyannote/speaker-diarization-3.1"
SEGMENTATION = "pyannote/segmentation-3.0"
WESPEAKER = "pyannote/wespeaker-voxceleb-resnet34-LM"
COMMUNITY_COMMIT, THREE_ONE_COMMIT, SEGMENTATION_COMMIT, WESPEAKER_COMMIT = (digit * 40 for digit in "abcd")

NEEDED = (
    "config.yaml",
    "embedding/pytorch_model.bin",
    "plda/plda.npz",
    "plda/xvec_transform.npz",
    "segmentation/pytorch_model.bin",
)
"""The files of a pipeline's directory."""

COMMUNITY_CONFIG = """\
dependencies:
  pyannote.audio: 4.0.0
pipeline:
  name: pyannote.audio.pipelines.SpeakerDiarization
  params:
    clustering: VBxClustering
    segmentation: $model/segmentation
    segmentation_batch_size: 32
    embedding: $model/embedding
    embedding_batch_size: 32
    embedding_exclude_overlap: true
    plda: $model/plda
params:
  clustering: {threshold: 0.6, Fa: 0.07, Fb: 0.8}
  segmentation: {min_duration_off: 0.0}
"""
THREE_ONE_CONFIG = """\
version: 3.1.0
pipeline:
  name: pyannote.audio.pipelines.SpeakerDiarization
  params:
    clustering: AgglomerativeClustering
    embedding: pyannote/wespeaker-voxceleb-resnet34-LM
    embedding_batch_size: 32
    embedding_exclude_overlap: true
    segmentation: pyannote/segmentation-3.0
    segmentation_batch_size: 32
params:
  clustering: {method: centroid, min_cluster_size: 12, threshold: 0.7045654963945799}
  segmentation: {min_duration_off: 0.0}
"""
TWO_ONE_CONFIG = """\
pipeline:
  name: pyannote.audio.pipelines.SpeakerDiarization
  params: {segmentation: pyannote/segmentation@2022.07, embedding: speechbrain/spkrec-ecapa-voxceleb}
"""


def community(segmentation_bytes: int = 3_000_000, embedding_bytes: int = 1_000_000) -> Repo:
    return Repo(
        {
            "README.md": b"# not needed",
            "config.yaml": COMMUNITY_CONFIG.encode(),
            "segmentation/pytorch_model.bin": noise(segmentation_bytes, 1),
            "embedding/pytorch_model.bin": noise(embedding_bytes, 2),
            "plda/plda.npz": noise(130_000, 3),
            "plda/xvec_transform.npz": noise(900, 4),
            "handler.py": b"raise SystemExit",
        },
        COMMUNITY_COMMIT,
        revisions=("main", "v1"),
    )


def three_one() -> dict[str, Repo]:
    """The pipeline 3.1 and the three repositories that it takes from."""
    return {
        THREE_ONE: Repo({"config.yaml": THREE_ONE_CONFIG.encode()}, THREE_ONE_COMMIT),
        SEGMENTATION: Repo({"pytorch_model.bin": noise(50_000, 5), "config.yaml": b"{}"}, SEGMENTATION_COMMIT),
        WESPEAKER: Repo({"pytorch_model.bin": noise(60_000, 6), "config.yaml": b"{}"}, WESPEAKER_COMMIT, gated=False),
        COMMUNITY: community(),
    }


def of_directory(directory: Path, commit: str) -> Repo:
    """A real pipeline's directory as a repository."""
    paths = sorted(path for path in directory.rglob("*") if path.is_file())
    return Repo({path.relative_to(directory).as_posix(): path.read_bytes() for path in paths}, commit)


def later(repo: Repo, commit: str) -> Repo:
    """The repository after a commit that says something in its pipeline's file and changes nothing of what it does."""
    config = repo.files["config.yaml"] + f"# {commit}\n".encode()
    return replace(repo, files=repo.files | {"config.yaml": config}, commit=commit)


def noise(size_bytes: int, seed: int) -> bytes:
    return random.Random(seed).randbytes(size_bytes)  # noqa: S311 - the same at every run
