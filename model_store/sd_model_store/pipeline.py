"""What a pipeline's config.yaml says it is made of; read with YAML's safe loader, and nothing that it names is run.

pyannote.audio makes an object of any class that a configuration names. So only what a diarization pipeline needs is let
through, and only models that lie inside the directory which the manifest covers.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, cast

import yaml

from sd_model_store import names
from sd_model_store.errors import CorruptError, UnsupportedPipelineError

CONFIG = "config.yaml"
SUCCESSOR = "pyannote/speaker-diarization-community-1"
_INSIDE = "$model/"
_CLASSES = frozenset(f"pyannote.audio.pipelines.{module}SpeakerDiarization" for module in ("", "speaker_diarization."))
_PARTS = frozenset({"dependencies", "version", "pipeline", "params", "freeze"})
_MODEL = ("pytorch_model.bin",)
FILES = {"segmentation": _MODEL, "embedding": _MODEL, "plda": ("plda.npz", "xvec_transform.npz")}
"""The models of a pipeline, and the files of each."""
_IN_ONE_PLACE = {model: _INSIDE + model for model in FILES}
_OTHER_TOOLKITS = ("speechbrain", "nvidia", "wespeaker")
"""Embeddings with one of these in their name and without pyannote's run in libraries that the engine does not have."""
_WITHOUT_PLDA = "VBxClustering"


@dataclass(frozen=True, slots=True)
class Reference:
    """Where a model of the pipeline is: in a folder of the pipeline's own repository (None), or of another."""

    model: str
    repository: str | None
    folder: str
    revision: str = "main"

    def paths(self) -> list[str]:
        return [str(PurePosixPath(self.folder) / name) for name in FILES[self.model]]


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A configuration and the models that it names."""

    text: bytes
    references: tuple[Reference, ...]

    @property
    def is_in_one_place(self) -> bool:
        return all(reference.repository is None for reference in self.references)

    def in_one_place(self) -> bytes:
        """The configuration with every model in a folder beside it; byte by byte the same where that is so already."""
        if self.is_in_one_place:
            return self.text
        config = yaml.safe_load(self.text)
        config["pipeline"]["params"] = (config["pipeline"].get("params") or {}) | _IN_ONE_PLACE
        return yaml.safe_dump(config, sort_keys=False).encode()

    def folder(self, reference: Reference) -> str:
        """Where the model lies then."""
        return reference.folder if self.is_in_one_place else reference.model


def read(text: bytes, name: str) -> Pipeline:
    """The pipeline that `text` describes; `name` is what the sentences call it.

    Raises:
        UnsupportedPipelineError: the engine does not run it.
    """
    parameters = _parameters(text, name)
    references = tuple(_reference(model, parameters.get(model), name) for model in FILES)
    _refuse_other_toolkits(references[1], name)
    return Pipeline(text, references)


def check_directory(directory: Path) -> None:
    """Makes sure that a pipeline in a directory is one the engine runs, and needs nothing from elsewhere.

    Raises:
        UnsupportedPipelineError: it is none, or names something outside.
        CorruptError: it names a file that is not there.
    """
    try:
        text = (directory / CONFIG).read_bytes()
    except FileNotFoundError as error:
        raise UnsupportedPipelineError(
            f"{directory} holds no pyannote pipeline: there is no {CONFIG} in it. Give the directory that has one."
        ) from error
    name = f"The pipeline in {directory}"
    parameters = _parameters(text, name)
    for model in FILES:
        if model == "plda" and model not in parameters and parameters.get("clustering", _WITHOUT_PLDA) != _WITHOUT_PLDA:
            continue  # a pipeline like 3.1 makes no use of one, and the engine has one to give it
        reference = _reference(model, parameters.get(model), name)
        if reference.repository is not None:
            raise UnsupportedPipelineError(
                f"{name} takes its {model} from {reference.repository}, which is not in the directory. Download the "
                f"pipeline with this command, or put the files into a folder and write `{model}: $model/{model}`."
            )
        for path in reference.paths():
            if not (directory / path).is_file():
                raise CorruptError(f"{name} is incomplete: {path} is not there. Copy the whole directory again.")


def _parameters(text: bytes, name: str) -> dict[str, Any]:
    """What the pipeline's class is called with."""
    try:
        config = yaml.safe_load(text)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UnsupportedPipelineError(
            f"{name} has a {CONFIG} that is no YAML: {' '.join(str(error).split())}"
        ) from error
    pipeline = _mapping(_mapping(config, name).get("pipeline"), name)
    if str(pipeline.get("name")) not in _CLASSES:
        raise UnsupportedPipelineError(
            f"{name} is a {pipeline.get('name')}, which the engine does not run: it diarizes, on your own hardware. "
            f"Use a pipeline such as {SUCCESSOR}."
        )
    if strange := sorted(str(part) for part in config.keys() - _PARTS):
        raise UnsupportedPipelineError(
            f"{name} has {', '.join(strange)} in its {CONFIG}, which could run anything when it is loaded. "
            f"Only {', '.join(sorted(_PARTS))} are let through."
        )
    return _mapping(pipeline.get("params") or {}, name)


def _mapping(value: object, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise UnsupportedPipelineError(f"{name} has a {CONFIG} that describes no pyannote pipeline.")
    return cast("dict[str, Any]", value)


def _reference(model: str, value: object, name: str) -> Reference:
    if value is None:  # pyannote.audio 4 then takes these
        return Reference(model, SUCCESSOR, model)
    if not isinstance(value, dict):
        return _named(model, str(value), name)
    given = cast("dict[str, Any]", value)
    reference = _named(model, str(given.get("checkpoint")), name)
    folder = str(given.get("subfolder") or "")
    if reference.repository is None or not _is_inside(PurePosixPath(folder)):
        raise _elsewhere(model, str(given), name)
    return Reference(model, reference.repository, folder, str(given.get("revision") or "main"))


def _named(model: str, text: str, name: str) -> Reference:
    if "@" in text or text.startswith("speechbrain/"):
        raise UnsupportedPipelineError(
            f"{name} was made for pyannote.audio 2 (its {model} is {text}), which pyannote.audio 4 cannot load. "
            f"Use its successor, {SUCCESSOR}."
        )
    if text.startswith(_INSIDE):
        folder = PurePosixPath(text.removeprefix(_INSIDE))
        if _is_inside(folder) and folder.parts:
            return Reference(model, None, str(folder))
    elif names.is_repository(text):
        return Reference(model, text, "")
    raise _elsewhere(model, text, name)


def _is_inside(folder: PurePosixPath) -> bool:
    return not folder.is_absolute() and ".." not in folder.parts


def _elsewhere(model: str, text: str, name: str) -> UnsupportedPipelineError:
    return UnsupportedPipelineError(
        f"{name} takes its {model} from {text}, which is neither a folder of its own, like $model/{model}, "
        "nor a repository, like pyannote/segmentation-3.0."
    )


def _refuse_other_toolkits(embedding: Reference, name: str) -> None:
    repository = embedding.repository or "pyannote"
    if "pyannote" not in repository and any(toolkit in repository for toolkit in _OTHER_TOOLKITS):
        raise UnsupportedPipelineError(
            f"{name} takes its embedding from {repository}, which runs in a library that the engine does not have. "
            f"Use {SUCCESSOR} or pyannote/speaker-diarization-3.1."
        )
