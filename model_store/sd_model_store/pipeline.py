"""Validation of a pipeline's config.yaml, and the models that it refers to.

pyannote.audio instantiates any class that a configuration names. Therefore only the keys and the class of a diarization
pipeline are accepted, and only models inside the directory that the manifest covers. The file is read with YAML's safe
loader; nothing that it names is imported or run.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import yaml

from sd_model_store import model_reference
from sd_model_store.errors import CorruptError, UnsupportedPipelineError
from sd_model_store.model_reference import DEFAULT_PIPELINE, FILES, LOCAL_PREFIX, ModelReference

CONFIG = "config.yaml"
_CLASSES = frozenset(f"pyannote.audio.pipelines.{module}SpeakerDiarization" for module in ("", "speaker_diarization."))
_KEYS = frozenset({"dependencies", "version", "pipeline", "params", "freeze"})
_LOCAL_MODELS = {model: LOCAL_PREFIX + model for model in FILES}
_CLUSTERING_WITH_PLDA = "VBxClustering"


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A configuration and the models that it refers to."""

    config: bytes
    references: tuple[ModelReference, ...]

    @property
    def is_self_contained(self) -> bool:
        """True if all models are in folders of the pipeline's own repository."""
        return all(reference.repository is None for reference in self.references)

    def local_config(self) -> bytes:
        """Return the configuration with every model in a folder beside it; unchanged if it is self-contained."""
        if self.is_self_contained:
            return self.config
        config = yaml.safe_load(self.config)
        config["pipeline"]["params"] = (config["pipeline"].get("params") or {}) | _LOCAL_MODELS
        return yaml.safe_dump(config, sort_keys=False).encode()

    def local_folder(self, reference: ModelReference) -> str:
        """Return the folder of a model in the directory for which `local_config` is written."""
        return reference.folder if self.is_self_contained else reference.model


def parse(config: bytes, name: str) -> Pipeline:
    """Return the pipeline that `config` describes; `name` appears in error messages.

    Raises:
        UnsupportedPipelineError: The engine cannot run it.
    """
    parameters = _parameters(config, name)
    references = tuple(model_reference.parse(model, parameters.get(model), name) for model in FILES)
    model_reference.check_embedding_library(references[1], name)
    return Pipeline(config, references)


def check_directory(directory: Path) -> None:
    """Check that the engine can load the pipeline in `directory` without other files.

    Raises:
        UnsupportedPipelineError: It contains no supported pipeline, or refers to models outside of the directory.
        CorruptError: A file of a model is missing.
    """
    try:
        config = (directory / CONFIG).read_bytes()
    except FileNotFoundError as error:
        raise UnsupportedPipelineError(
            f"{directory} contains no pyannote pipeline: it has no {CONFIG}. Use the directory that contains one."
        ) from error
    name = f"The pipeline in {directory}"
    parameters = _parameters(config, name)
    for model in FILES:
        if model == "plda" and _needs_no_plda(parameters):
            continue
        _check_local_files(directory, model_reference.parse(model, parameters.get(model), name), name)


def _needs_no_plda(parameters: dict[str, Any]) -> bool:
    """Return True for a pipeline such as 3.1, which uses no PLDA; the engine supplies the one that is loaded anyway."""
    return "plda" not in parameters and parameters.get("clustering", _CLUSTERING_WITH_PLDA) != _CLUSTERING_WITH_PLDA


def _check_local_files(directory: Path, reference: ModelReference, name: str) -> None:
    model = reference.model
    if reference.repository is not None:
        raise UnsupportedPipelineError(
            f"{name} loads its {model} from {reference.repository}, which is not in the directory. Download the "
            f"pipeline with this command, or put the files into a folder and set `{model}: $model/{model}`."
        )
    for path in reference.paths():
        if not (directory / path).is_file():
            raise CorruptError(f"{name} is incomplete: {path} is missing. Copy the whole directory again.")


def _parameters(text: bytes, name: str) -> dict[str, Any]:
    """Return the parameters of the pipeline's class."""
    try:
        config = yaml.safe_load(text)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UnsupportedPipelineError(
            f"{name} has a {CONFIG} that is not valid YAML: {' '.join(str(error).split())}"
        ) from error
    pipeline = _mapping(_mapping(config, name).get("pipeline"), name)
    if str(pipeline.get("name")) not in _CLASSES:
        raise UnsupportedPipelineError(
            f"{name} has the class {pipeline.get('name')}, which the engine does not run: it runs speaker diarization "
            f"on local hardware only. Use a pipeline such as {DEFAULT_PIPELINE}."
        )
    if unknown := sorted(str(key) for key in config.keys() - _KEYS):
        raise UnsupportedPipelineError(
            f"{name} has the keys {', '.join(unknown)} in its {CONFIG}, which could run arbitrary code when it is "
            f"loaded. Only {', '.join(sorted(_KEYS))} are accepted."
        )
    return _mapping(pipeline.get("params") or {}, name)


def _mapping(value: object, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise UnsupportedPipelineError(f"{name} has a {CONFIG} that describes no pyannote pipeline.")
    return cast("dict[str, Any]", value)
