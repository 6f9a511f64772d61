"""Repositories for the fake hub with the layout of pyannote's; their weights are random bytes."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

from sd_harness.hub.hub_state import FakeRepository

COMMUNITY = "pyannote/speaker-diarization-community-1"
THREE_ONE = "pyannote/speaker-diarization-3.1"
SEGMENTATION = "pyannote/segmentation-3.0"
WESPEAKER = "pyannote/wespeaker-voxceleb-resnet34-LM"
COMMUNITY_COMMIT, THREE_ONE_COMMIT, SEGMENTATION_COMMIT, WESPEAKER_COMMIT = (digit * 40 for digit in "abcd")

NEEDED_FILES = (
    "config.yaml",
    "embedding/pytorch_model.bin",
    "plda/plda.npz",
    "plda/xvec_transform.npz",
    "segmentation/pytorch_model.bin",
)
"""The files of a pipeline that the engine loads."""

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


def community(segmentation_bytes: int = 3_000_000, embedding_bytes: int = 1_000_000) -> FakeRepository:
    """Return the repository of community-1 with weights of these sizes."""
    return FakeRepository(
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


def three_one() -> dict[str, FakeRepository]:
    """Return the repository of the pipeline 3.1 and the three repositories that it needs."""
    return {
        THREE_ONE: FakeRepository({"config.yaml": THREE_ONE_CONFIG.encode()}, THREE_ONE_COMMIT),
        SEGMENTATION: FakeRepository(
            {"pytorch_model.bin": noise(50_000, 5), "config.yaml": b"{}"}, SEGMENTATION_COMMIT
        ),
        WESPEAKER: FakeRepository(
            {"pytorch_model.bin": noise(60_000, 6), "config.yaml": b"{}"}, WESPEAKER_COMMIT, gated=False
        ),
        COMMUNITY: community(),
    }


def from_directory(directory: Path, commit: str) -> FakeRepository:
    """Return a repository with the files of a pipeline's directory."""
    paths = sorted(path for path in directory.rglob("*") if path.is_file())
    return FakeRepository({path.relative_to(directory).as_posix(): path.read_bytes() for path in paths}, commit)


def with_later_commit(repository: FakeRepository, commit: str) -> FakeRepository:
    """Return the repository with another commit, which only adds a comment to config.yaml."""
    config = repository.files["config.yaml"] + f"# {commit}\n".encode()
    return replace(repository, files=repository.files | {"config.yaml": config}, commit=commit)


def noise(size_bytes: int, seed: int) -> bytes:
    """Return reproducible random bytes."""
    return random.Random(seed).randbytes(size_bytes)  # noqa: S311 - reproducible


COMMUNITY_BYTES = sum(len(community().files[path]) for path in NEEDED_FILES)
"""Size of the files that a download of community-1 needs."""
