"""Loading of a pyannote.audio pipeline from a directory onto a device."""

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
    "At least one mel filterbank has all zero values",  # the demo model was trained with such filters
    r"std\(\): degrees of freedom is <= 0",  # pyannote.audio pools over a single frame
    "Mean of empty slice",  # pyannote.audio gets a recording without a clean embedding
    "invalid value encountered in divide",
    r"\s*The detected number of speakers",  # a short recording has fewer speakers than requested
)


def ignore_expected_warnings() -> None:
    """Ignore warnings that libraries emit for valid recordings."""
    for message in EXPECTED_WARNINGS:
        warnings.filterwarnings("ignore", message=message)


class ModelError(RuntimeError):
    """The pipeline cannot be loaded; the message contains its directory and the reason."""


@dataclass(frozen=True, slots=True)
class Model:
    """A pyannote.audio pipeline on its device."""

    pipeline: Any
    device: torch.device
    directory: Path
    name: str

    def description(self) -> dict[str, str]:
        """Return the pipeline's name, revision and device for logs and metrics."""
        from sd_engine.device import device  # noqa: PLC0415 - imports torch, which takes seconds

        return {
            "pipeline": self.name,
            "revision": _revision(self.directory),
            "device": device.description(self.device),
        }


def load(directory: Path | None, device_name: str, digest: str | None = None, name: str = "") -> Model:
    """Load the pipeline in `directory` (None = the demo model). torch is imported here, after the engine listens.

    A checkpoint is a pickle and can execute code when it is loaded, so the digest is verified first.

    Raises:
        CorruptError: the directory's content differs from the digest.
        ModelError: the directory contains no pipeline that can be loaded, or the device does not exist.
    """
    directory = directory or DEMO_MODEL
    if digest is not None:
        manifest.verify(directory, digest)
    if not (directory / "config.yaml").is_file():
        raise ModelError(f"{directory} contains no pyannote.audio pipeline: config.yaml is missing.")
    if _is_version_2((directory / "config.yaml").read_text()):
        raise ModelError(
            f"The pipeline in {directory} is for pyannote.audio 2, like pyannote/speaker-diarization@2.1; "
            "pyannote.audio 4 cannot load it. Use its successor pyannote/speaker-diarization-community-1."
        )
    ignore_expected_warnings()
    try:
        return _load(directory, device_name, name or directory.name)
    except Exception as error:  # pyannote.audio and torch raise many types
        raise ModelError(f"Cannot load the pipeline in {directory}: {type(error).__name__}: {error}") from error


def _load(directory: Path, device_name: str, name: str) -> Model:
    import torch  # noqa: PLC0415
    from pyannote.audio import Pipeline  # noqa: PLC0415

    from sd_engine.device import device  # noqa: PLC0415

    torch.set_num_threads(cpus.usable())
    device.disable_tf32()
    selected = device.select(device_name)
    pipeline = Pipeline.from_pretrained(_with_plda(directory) or directory)
    if pipeline is None:
        raise ModelError("pyannote.audio gave no reason.")
    return Model(pipeline.to(selected), selected, directory, name)


def _with_plda(directory: Path) -> dict[str, Any] | None:
    """Return the configuration with the demo model's PLDA; None if the pipeline's own configuration is complete.

    pyannote.audio 4 loads a PLDA for every pipeline, and downloads one if none is configured. Only VBx uses it;
    pipelines like 3.1 have none.
    """
    from pyannote.audio.core.pipeline import expand_subfolders  # noqa: PLC0415

    config = yaml.safe_load((directory / "config.yaml").read_text())
    parameters = config["pipeline"].get("params", {})
    if "plda" in parameters or parameters.get("clustering", VBX) == VBX:
        return None
    parameters["plda"] = str(DEMO_MODEL / "plda")
    expand_subfolders(config, str(directory))
    return config


def _is_version_2(config: str) -> bool:
    """Return True if the configuration names its models as in pyannote.audio 2: `name@revision`, or SpeechBrain's."""
    try:
        content = yaml.safe_load(config)
        parameters: dict[str, Any] = content["pipeline"]["params"]
        models = [parameters.get("segmentation"), parameters.get("embedding")]
    except (yaml.YAMLError, KeyError, TypeError, AttributeError):
        return False  # pyannote.audio reports the error when it loads the file
    return any(isinstance(model, str) and ("@" in model or model.startswith("speechbrain/")) for model in models)


def _revision(directory: Path) -> str:
    """Return a digest of the configuration and of the files' names and sizes, which identifies a model cheaply."""
    digest = hashlib.sha256((directory / "config.yaml").read_bytes())
    for path in sorted(path for path in directory.rglob("*") if path.is_file()):
        digest.update(f"{path.relative_to(directory)} {path.stat().st_size}".encode())
    return digest.hexdigest()[:12]
