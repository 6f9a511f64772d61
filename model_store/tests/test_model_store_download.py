"""Download of a gated pipeline into a verified directory."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from sd_harness.hub.hub_models import (
    COMMUNITY,
    COMMUNITY_BYTES,
    COMMUNITY_COMMIT,
    NEEDED_FILES,
    THREE_ONE,
    THREE_ONE_COMMIT,
)
from sd_harness.hub.hub_state import FakeHub
from sd_harness.hub.model_store_command import ModelStoreCommand
from sd_model_store import manifest


def files_below(directory: Path) -> list[str]:
    return sorted(path.relative_to(directory).as_posix() for path in directory.rglob("*") if path.is_file())


def test_a_gated_pipeline_becomes_a_verified_directory(hub: FakeHub, command: ModelStoreCommand) -> None:
    run = command.download(hub)
    assert run.exit_code == 0, run.stderr
    assert run.path == command.revision_path()
    assert files_below(run.path) == sorted([*NEEDED_FILES, "manifest.json", "origin.json"])
    for path in NEEDED_FILES:
        assert (run.path / path).read_bytes() == hub.repositories[COMMUNITY].files[path]
    verified = manifest.verify(run.path, run.document["digest"])
    assert run.document["size_bytes"] == verified.size_bytes
    assert run.document["received_bytes"] == COMMUNITY_BYTES == hub.sent_bytes
    assert run.document["repositories"] == {COMMUNITY: COMMUNITY_COMMIT}
    assert run.document["pipeline"] == COMMUNITY
    assert run.document["revision"] == COMMUNITY_COMMIT


def test_the_digest_is_that_of_the_manifest_beside_the_files(hub: FakeHub, command: ModelStoreCommand) -> None:
    run = command.download(hub)
    written = (run.path / "manifest.json").read_bytes()
    assert run.document["digest"] == "sha256:" + hashlib.sha256(written).hexdigest()
    weights = hub.repositories[COMMUNITY].files["segmentation/pytorch_model.bin"]
    assert json.loads(written)["files"]["segmentation/pytorch_model.bin"] == {
        "sha256": hashlib.sha256(weights).hexdigest(),
        "size_bytes": len(weights),
    }


def test_a_cached_revision_needs_no_request(hub: FakeHub, command: ModelStoreCommand) -> None:
    first = command.download(hub)
    hub.requests.clear()
    second = command.download(hub, token="hf_revoked")  # noqa: S106 - a test's
    assert hub.requests == []
    assert second.document == first.document | {"received_bytes": 0}


def test_a_tag_is_resolved_to_its_commit(hub: FakeHub, command: ModelStoreCommand) -> None:
    run = command.download(hub, revision="v1")
    assert run.document["revision"] == COMMUNITY_COMMIT
    assert run.path == command.revision_path(COMMUNITY_COMMIT)
    paths = [request.path for request in hub.download_requests() if "/resolve/" in request.path]
    assert all(f"/resolve/{COMMUNITY_COMMIT}/" in path for path in paths)


def test_equal_commits_give_equal_digests_in_different_caches(hub: FakeHub, tmp_path: Path) -> None:
    digests: set[str] = set()
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        run = ModelStoreCommand(tmp_path / name).download(hub, pipeline=THREE_ONE, revision=THREE_ONE_COMMIT)
        digests.add(run.document["digest"])
    assert len(digests) == 1


def test_a_model_with_another_digest_than_the_pinned_one_is_rejected(hub: FakeHub, command: ModelStoreCommand) -> None:
    digest = command.download(hub).document["digest"]
    assert command.download(hub, "--digest", digest).exit_code == 0
    run = command.download(hub, "--digest", "sha256:" + "0" * 64)
    assert (run.exit_code, run.reason) == (1, "Corrupt")
    assert digest in run.message
    assert command.revision_path().is_dir(), "other services may use it"
