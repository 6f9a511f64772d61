"""The outcome of a download scenario: problems found, and the state after one more, undisturbed run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sd_model_store import manifest
from sd_model_store.errors import CorruptError
from sd_model_store.provenance import ORIGIN_FILE_NAME

from sd_harness.hub.hub_models import COMMUNITY, NEEDED_FILES
from sd_harness.hub.hub_state import FakeHub
from sd_harness.hub.model_store_command import ModelStoreCommand

METADATA_FILES = (manifest.FILE_NAME, ORIGIN_FILE_NAME)
"""Files that the model store adds to a model directory."""


@dataclass(frozen=True)
class Outcome:
    """The outcome of one scenario."""

    problems: list[str]
    """Sentences; empty if no wrong file had a final name at any time, and the last run completed the download."""
    repeated_bytes: int
    """Bytes that the hub sent in addition to the size of the pipeline's files."""


def needed_bytes(hub: FakeHub) -> int:
    """Return the size of the files that a download needs."""
    return sum(len(hub.repositories[COMMUNITY].files[path]) for path in NEEDED_FILES)


def wrong_files(command: ModelStoreCommand, hub: FakeHub) -> list[str]:
    """Return how the files under the final name differ from the hub's; empty if the final name does not exist."""
    final = command.revision_path()
    if not final.exists():
        return []
    expected = {path: hub.repositories[COMMUNITY].files[path] for path in NEEDED_FILES}
    actual = {path.relative_to(final).as_posix(): path for path in final.rglob("*") if not path.is_dir()}
    common = sorted(expected.keys() & actual.keys())
    return [
        *(f"{path} is missing" for path in sorted(expected.keys() - actual.keys())),
        *(f"{path} is unexpected" for path in sorted(actual.keys() - expected.keys() - {*METADATA_FILES})),
        *(f"{path} has wrong content" for path in common if _differs(actual[path], expected[path])),
    ]


def _differs(path: Path, expected: bytes) -> bool:
    return path.is_symlink() or path.read_bytes() != expected


def is_verified(command: ModelStoreCommand, digest: str) -> bool:
    """Return True if the verification that precedes loading accepts the directory."""
    try:
        manifest.verify(command.revision_path(), digest)
    except CorruptError:
        return False
    return True


def after_repair(command: ModelStoreCommand, hub: FakeHub, problems: list[str]) -> Outcome:
    """Run one undisturbed download; return the given problems and those that remain after it."""
    run = command.download(hub)
    if run.exit_code:
        problems = [*problems, f"the next run failed with {run.reason}: {run.message}"]
    elif not is_verified(command, run.document["digest"]):
        problems = [*problems, "the directory does not have the digest that the next run reported"]
    return Outcome(problems + wrong_files(command, hub), max(0, hub.sent_bytes - needed_bytes(hub)))
