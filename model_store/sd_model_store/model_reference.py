"""References from a pipeline's config.yaml to its models: a folder of the same repository, or another repository."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, cast

from sd_model_store import names
from sd_model_store.errors import UnsupportedPipelineError

DEFAULT_PIPELINE = "pyannote/speaker-diarization-community-1"
"""The pipeline that error messages recommend, and whose models pyannote.audio 4 uses by default."""
LOCAL_PREFIX = "$model/"
"""pyannote.audio replaces `$model` with the directory of the configuration."""
_WEIGHTS = ("pytorch_model.bin",)
FILES = {"segmentation": _WEIGHTS, "embedding": _WEIGHTS, "plda": ("plda.npz", "xvec_transform.npz")}
"""The models of a pipeline, and the files of each."""
_UNSUPPORTED_LIBRARIES = ("speechbrain", "nvidia", "wespeaker")
"""An embedding with one of these and without `pyannote` in its name needs a library that the engine lacks."""


@dataclass(frozen=True, slots=True)
class ModelReference:
    """Location of one model. `repository` is None for a folder of the pipeline's own repository."""

    model: str
    repository: str | None
    folder: str
    revision: str = "main"

    def paths(self) -> list[str]:
        """Return the paths of the model's files in its repository."""
        return [str(PurePosixPath(self.folder) / name) for name in FILES[self.model]]


def parse(model: str, value: object, pipeline: str) -> ModelReference:
    """Return the reference that a parameter of the configuration contains; `pipeline` appears in error messages.

    Raises:
        UnsupportedPipelineError: The value refers to anything but a local folder or a repository.
    """
    if value is None:  # pyannote.audio 4 uses these models by default
        return ModelReference(model, DEFAULT_PIPELINE, model)
    if not isinstance(value, dict):
        return _parse_name(model, str(value), pipeline)
    parameters = cast("dict[str, Any]", value)
    reference = _parse_name(model, str(parameters.get("checkpoint")), pipeline)
    folder = str(parameters.get("subfolder") or "")
    if reference.repository is None or not _is_relative(PurePosixPath(folder)):
        raise _unsupported_location(model, str(parameters), pipeline)
    return ModelReference(model, reference.repository, folder, str(parameters.get("revision") or "main"))


def check_embedding_library(embedding: ModelReference, pipeline: str) -> None:
    """Check that the engine has the library that the embedding needs.

    Raises:
        UnsupportedPipelineError: It has not.
    """
    repository = embedding.repository or "pyannote"
    if "pyannote" not in repository and any(library in repository for library in _UNSUPPORTED_LIBRARIES):
        raise UnsupportedPipelineError(
            f"{pipeline} uses the embedding {repository}, which needs a library that the engine does not include. "
            f"Use {DEFAULT_PIPELINE} or pyannote/speaker-diarization-3.1."
        )


def _parse_name(model: str, text: str, pipeline: str) -> ModelReference:
    if "@" in text or text.startswith("speechbrain/"):
        raise UnsupportedPipelineError(
            f"{pipeline} was made for pyannote.audio 2 (its {model} is {text}), which pyannote.audio 4 cannot load. "
            f"Use its successor, {DEFAULT_PIPELINE}."
        )
    if text.startswith(LOCAL_PREFIX):
        folder = PurePosixPath(text.removeprefix(LOCAL_PREFIX))
        if _is_relative(folder) and folder.parts:
            return ModelReference(model, None, str(folder))
    elif names.is_repository(text):
        return ModelReference(model, text, "")
    raise _unsupported_location(model, text, pipeline)


def _is_relative(folder: PurePosixPath) -> bool:
    return not folder.is_absolute() and ".." not in folder.parts


def _unsupported_location(model: str, text: str, pipeline: str) -> UnsupportedPipelineError:
    return UnsupportedPipelineError(
        f"{pipeline} loads its {model} from {text}, which is neither a folder beside its configuration, such as "
        f"$model/{model}, nor a repository, such as pyannote/segmentation-3.0."
    )
