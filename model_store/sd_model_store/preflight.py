"""Everything that can be known before a byte of a model is fetched: which repositories, whether they may be read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sd_model_store import messages
from sd_model_store import pipeline as pipelines
from sd_model_store.errors import TermsNotAcceptedError, TokenMissingError
from sd_model_store.hub import Hub, RemoteFile, Repository
from sd_model_store.origin import Origin
from sd_model_store.pipeline import CONFIG, Pipeline, Reference

Question = tuple[str, str, str]
"""A repository, a revision, and a file that is needed from it."""
Seen = dict[tuple[str, str], Repository]
"""Repositories by name and by the revision that was asked for."""

_PLDA = "plda/plda.npz"
KNOWN = {
    "pyannote/speaker-diarization-3.1": {
        "pyannote/segmentation-3.0": "pytorch_model.bin",
        "pyannote/wespeaker-voxceleb-resnet34-LM": "pytorch_model.bin",
        "pyannote/speaker-diarization-community-1": _PLDA,
    }
}
"""A gated configuration does not say what else it needs, and a person wants to accept all the terms in one go."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be fetched, and to which path of the directory; the configuration is here already."""

    origin: Origin
    config: bytes
    files: dict[str, RemoteFile]


def plan(hub: Hub, pipeline: str, revision: str) -> Plan:
    """Asks the hub about everything that the pipeline needs.

    Raises:
        SupplyError: it cannot be had; terms that are not accepted are named all at once.
    """
    known = KNOWN.get(pipeline, {})
    own_question = (pipeline, revision, CONFIG)
    seen = _readable(hub, [own_question, *((name, "main", path) for name, path in known.items())])
    own = seen[pipeline, revision]
    read = pipelines.read(hub.read(own.file(CONFIG)), f"{pipeline} at {own.commit}")
    elsewhere = [reference for reference in read.references if reference.repository not in (None, pipeline)]
    seen |= _readable(hub, [question for question in map(_question, elsewhere) if question[:2] not in seen])
    files = dict(_destinations(read, seen, own))
    used = {file.repository: file.commit for file in files.values()} | {pipeline: own.commit}
    return Plan(Origin(pipeline, own.commit, used), read.in_one_place(), files)


def _question(reference: Reference) -> Question:
    return (reference.repository or "", reference.revision, reference.paths()[0])


def _destinations(read: Pipeline, seen: Seen, own: Repository) -> Iterable[tuple[str, RemoteFile]]:
    for reference in read.references:
        repository = seen.get((reference.repository or "", reference.revision), own)
        for path in reference.paths():
            yield _destination(read, reference, path), repository.file(path)


def _destination(read: Pipeline, reference: Reference, path: str) -> str:
    return f"{read.folder(reference)}/{path.rsplit('/', 1)[-1]}"


def _readable(hub: Hub, questions: list[Question]) -> Seen:
    """Each repository that is asked about, or one refusal that names all that are still closed."""
    seen: Seen = {}
    closed: dict[str, TermsNotAcceptedError | TokenMissingError] = {}
    for name, revision, path in questions:
        try:
            repository = seen[name, revision] = hub.repository(name, revision)
            hub.check_access(repository.file(path))
        except (TermsNotAcceptedError, TokenMissingError) as error:
            closed[name] = error
    if not closed:
        return seen
    of_token = any(isinstance(error, TokenMissingError) for error in closed.values())
    raise (messages.token_missing if of_token else messages.terms_not_accepted)(tuple(closed))
