"""Checks before a download: all repositories of a pipeline, access to each of them, and the files to download."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from sd_model_store import pipeline as pipelines
from sd_model_store.errors import TermsNotAcceptedError, TokenMissingError
from sd_model_store.hub import messages
from sd_model_store.hub.client import Hub
from sd_model_store.hub.repository import RemoteFile, Repository
from sd_model_store.model_reference import ModelReference
from sd_model_store.pipeline import CONFIG, Pipeline
from sd_model_store.provenance import Origin

_PLDA = "plda/plda.npz"
KNOWN_DEPENDENCIES = {
    "pyannote/speaker-diarization-3.1": {
        "pyannote/segmentation-3.0": "pytorch_model.bin",
        "pyannote/wespeaker-voxceleb-resnet34-LM": "pytorch_model.bin",
        "pyannote/speaker-diarization-community-1": _PLDA,
    }
}
"""Repositories that a pipeline needs, each with one of its files.

A gated configuration cannot be read before its terms are accepted; with this list, one error names all terms.
"""


class RequiredFile(NamedTuple):
    """A file that the pipeline needs from a repository at a revision."""

    repository: str
    revision: str
    path: str


Repositories = dict[tuple[str, str], Repository]
"""Repositories by name and requested revision."""


@dataclass(frozen=True, slots=True)
class DownloadPlan:
    """The content of config.yaml, and the files to download by their path in the model directory."""

    origin: Origin
    config: bytes
    files: dict[str, RemoteFile]


def plan(hub: Hub, pipeline: str, revision: str) -> DownloadPlan:
    """Check access to everything that the pipeline needs, and return the files to download.

    Raises:
        ModelStoreError: Something is not accessible; all repositories whose terms are not accepted are in one error.
    """
    known = KNOWN_DEPENDENCIES.get(pipeline, {})
    required = [RequiredFile(pipeline, revision, CONFIG)]
    required += [RequiredFile(name, "main", path) for name, path in known.items()]
    repositories = _accessible(hub, required)
    own = repositories[pipeline, revision]
    parsed = pipelines.parse(hub.read(own.file(CONFIG)), f"{pipeline} at {own.commit}")
    external = [reference for reference in parsed.references if reference.repository not in (None, pipeline)]
    repositories |= _accessible(hub, [file for file in map(_required_file, external) if file[:2] not in repositories])
    files = dict(_files(parsed, repositories, own))
    commits = {file.repository: file.commit for file in files.values()} | {pipeline: own.commit}
    return DownloadPlan(Origin(pipeline, own.commit, commits), parsed.local_config(), files)


def _required_file(reference: ModelReference) -> RequiredFile:
    return RequiredFile(reference.repository or "", reference.revision, reference.paths()[0])


def _files(parsed: Pipeline, repositories: Repositories, own: Repository) -> Iterable[tuple[str, RemoteFile]]:
    """Yield (path in the model directory, remote file) for all models."""
    for reference in parsed.references:
        repository = repositories.get((reference.repository or "", reference.revision), own)
        for path in reference.paths():
            yield f"{parsed.local_folder(reference)}/{path.rsplit('/', 1)[-1]}", repository.file(path)


def _accessible(hub: Hub, required: list[RequiredFile]) -> Repositories:
    """Return the repositories of the required files.

    Raises:
        TermsNotAcceptedError, TokenMissingError: One error that names all repositories without access.
    """
    repositories: Repositories = {}
    inaccessible: dict[str, TermsNotAcceptedError | TokenMissingError] = {}
    for name, revision, path in required:
        try:
            repository = repositories[name, revision] = hub.repository(name, revision)
            hub.check_access(repository.file(path))
        except (TermsNotAcceptedError, TokenMissingError) as error:
            inaccessible[name] = error
    if not inaccessible:
        return repositories
    is_token_missing = any(isinstance(error, TokenMissingError) for error in inaccessible.values())
    raise (messages.token_missing if is_token_missing else messages.terms_not_accepted)(tuple(inaccessible))
