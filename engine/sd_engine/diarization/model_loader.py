"""Loads a pyannote pipeline from a directory onto its device."""

from __future__ import annotations

import hashlib
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from sd_model_store import manifest

from sd_engine.device import cpus

if TYPE_CHECKING:
    import torch

VBX = "VBxClustering"
DEMO_MODEL = Path(__file__).parents[1] / "demo_model"

EXPECTED_WARNINGS = (
    "At least one mel filterbank has all zero values",  # the demo model's MFCCs: harmless, and so trained
    r"std\(\): degrees of freedom is <= 0",  # pooling over one single frame, in pyannote itself
    "Mean of empty slice",  # a recording too short for one clean embedding, likewise in pyannote itself
    "invalid value encountered in divide",
    r"\s*The detected number of speakers",  # a short recording gives fewer than asked for: the contract says so
)


def expect_warnings() -> None:
    """Keeps them out of the log from now on."""
    for message in EXPECTED_WARNINGS:
        warnings.filterwarnings("ignore", message=message)


class ModelError(RuntimeError):
    """The pipeline could not be loaded; its text says from where and why."""


@dataclass(frozen=True, slots=True)
class Model:
    """A pyannote pipeline on its device."""

    pipeline: Any
    device: torch.device
    directory: Path
    name: str

    def description(self) -> dict[str, str]:
        """Which pipeline runs where, for logs and metrics."""
        from sd_engine.device import device  # noqa: PLC0415 - imports torch: seconds, in which the socket already answers

        return {
            "pipeline": self.name,
            "revision": _revision(self.directory),
            "device": device.described(self.device),
        }


def load(directory: Path | None, device_name: str, digest: str | None = None, name: str = "") -> Model:
    """The pipeline in `directory` (None = the demo model), called `name`. torch is imported here and nowhere earlier.

    A checkpoint is a pickle, and unpickling runs what is in it: so where a digest is given, it is compared first.

    Raises:
        CorruptError: the directory is not the one that the digest was taken of.
        ModelError: the directory holds no pipeline that can be loaded, or there is no such device.
    """
    directory = directory or DEMO_MODEL
    if digest is not None:
        manifest.verify(directory, digest)
    if not (directory / "config.yaml").is_file():
        raise ModelError(f"{directory} holds no pyannote pipeline: there is no config.yaml in it.")
    if is_of_version_2((directory / "config.yaml").read_text()):
        raise ModelError(
            f"The pipeline in {directory} was made for pyannote.audio 2 (as pyannote/speaker-diarization@2.1 was), "
            "which pyannote.audio 4 cannot load. Use its successor, pyannote/speaker-diarization-community-1."
        )
    expect_warnings()
    try:
        return _load(directory, device_name, name or directory.name)
    except Exception as error:  # whatever it is that pyannote and torch raise over a file
        raise ModelError(f"Cannot load the pipeline in {directory}: {type(error).__name__}: {error}") from error


def _load(directory: Path, device_name: str, name: str) -> Model:
    import torch  # noqa: PLC0415
    from pyannote.audio import Pipeline  # noqa: PLC0415

    from sd_engine.device import device  # noqa: PLC0415

    torch.set_num_threads(cpus.usable())
    device.compute_exactly()
    chosen = device.chosen(device_name)
    pipeline = Pipeline.from_pretrained(_with_plda(directory) or directory)
    if pipeline is None:
        raise ModelError("pyannote.audio gave no reason.")
    return Model(pipeline.to(chosen), chosen, directory, name)


def _with_plda(directory: Path) -> dict[str, Any] | None:
    """The configuration with a PLDA, for a pipeline like 3.1 that has none; None = it is complete as it is.

    pyannote.audio 4 loads a PLDA for every pipeline, and from its hub where none is named. Only VBx makes use of it.
    """
    from pyannote.audio.core.pipeline import expand_subfolders  # noqa: PLC0415

    config = yaml.safe_load((directory / "config.yaml").read_text())
    parameters = config["pipeline"].get("params", {})
    if "plda" in parameters or parameters.get("clustering", VBX) == VBX:
        return None
    parameters["plda"] = str(DEMO_MODEL / "plda")
    expand_subfolders(config, str(directory))
    return config


def is_of_version_2(config: str) -> bool:
    """Whether a pipeline's configuration names models as pyannote.audio 2 did: `name@revision`, or SpeechBrain's."""
    try:
        content = yaml.safe_load(config)
        parameters: dict[str, Any] = content["pipeline"]["params"]
        models = [parameters.get("segmentation"), parameters.get("embedding")]
    except (yaml.YAMLError, KeyError, TypeError, AttributeError):
        return False  # then loading it says what is wrong
    return any(isinstance(model, str) and ("@" in model or model.startswith("speechbrain/")) for model in models)


def _revision(directory: Path) -> str:
    """A digest of the configuration and the weights' names and sizes: cheap, and enough to tell two models apart."""
    digest = hashlib.sha256((directory / "config.yaml").read_bytes())
    for path in sorted(path for path in directory.rglob("*") if path.is_file()):
        digest.update(f"{path.relative_to(directory)} {path.stat().st_size}".encode())
    return digest.hexdigest()[:12]
