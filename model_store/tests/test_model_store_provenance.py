"""Provenance: the pin of a branch, which stays the same without hub or token, and the origin of a directory."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sd_harness.hub.hub_models import COMMUNITY, COMMUNITY_COMMIT, noise
from sd_harness.hub.hub_state import FakeHub, FakeRepository
from sd_harness.hub.model_store_command import CompletedRun, ModelStoreCommand
from sd_model_store import provenance
from sd_model_store.errors import CorruptError
from sd_model_store.provenance import Origin


@pytest.fixture
def pin_file(command: ModelStoreCommand) -> Path:
    return command.cache / ".pinned.json"


def download_main(
    command: ModelStoreCommand, hub: FakeHub, pin_file: Path, *more: str, **options: str | None
) -> CompletedRun:
    return command.download(hub, "--pin", str(pin_file), *more, **({"revision": "main"} | options))


def test_the_pin_contains_the_commit_of_the_branch(hub: FakeHub, command: ModelStoreCommand, pin_file: Path) -> None:
    run = download_main(command, hub, pin_file)
    assert json.loads(pin_file.read_text()) == {
        "pipeline": COMMUNITY,
        "revision": "main",
        "commit": COMMUNITY_COMMIT,
        "digest": run.document["digest"],
    }


def test_a_pinned_and_cached_revision_needs_neither_hub_nor_token(
    hub: FakeHub, command: ModelStoreCommand, pin_file: Path
) -> None:
    first = download_main(command, hub, pin_file)
    hub.accounts.clear()
    requests_before = len(hub.requests)
    hub.url = "https://hub.invalid"
    for token in ("hf_revoked", None):
        again = download_main(command, hub, pin_file, token=token)
        assert again.exit_code == 0, again.message
        assert again.document == first.document | {"received_bytes": 0}
    assert len(hub.requests) == requests_before


def test_a_later_commit_of_a_pinned_branch_is_not_used(
    hub: FakeHub, command: ModelStoreCommand, pin_file: Path
) -> None:
    first = download_main(command, hub, pin_file)
    files = hub.repositories[COMMUNITY].files | {"plda/plda.npz": noise(5000, 9)}
    hub.repositories[COMMUNITY] = FakeRepository(files, "9" * 40)
    assert download_main(command, hub, pin_file).path == first.path
    without_pin = command.download(hub, revision="main")
    assert without_pin.path == command.revision_path("9" * 40), "without the pin, the later commit is used"


def test_a_damaged_cache_is_repaired_at_the_pinned_commit(
    hub: FakeHub, command: ModelStoreCommand, pin_file: Path
) -> None:
    first = download_main(command, hub, pin_file)
    (first.path / "plda/plda.npz").write_bytes(b"x")
    again = download_main(command, hub, pin_file)
    assert (again.exit_code, again.document["digest"]) == (0, first.document["digest"])
    assert again.document["received_bytes"] > 0


def test_a_cache_with_another_digest_than_the_pinned_one_is_rejected(
    hub: FakeHub, command: ModelStoreCommand, pin_file: Path
) -> None:
    download_main(command, hub, pin_file)
    pin = pin_file.read_text()
    pin_file.write_text(pin.replace(json.loads(pin)["digest"], "sha256:" + "0" * 64))
    run = download_main(command, hub, pin_file)
    assert (run.exit_code, run.reason) == (1, "Corrupt")
    assert f"sha256:{'0' * 64} is pinned" in run.message


def test_another_revision_replaces_the_pin(hub: FakeHub, command: ModelStoreCommand, pin_file: Path) -> None:
    download_main(command, hub, pin_file)
    requests_before = len(hub.requests)
    assert download_main(command, hub, pin_file, revision="v1").exit_code == 0
    assert len(hub.requests) > requests_before
    assert json.loads(pin_file.read_text())["revision"] == "v1"


def test_a_failed_download_writes_no_pin(hub: FakeHub, command: ModelStoreCommand, pin_file: Path) -> None:
    hub.accounts.clear()
    assert download_main(command, hub, pin_file).reason == "TokenInvalid"
    assert list(command.cache.glob(".pinned*")) == []


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"pipeline": "a/b", "revision": "main"}', "../../etc"])
def test_an_invalid_pin_file_is_named(hub: FakeHub, command: ModelStoreCommand, pin_file: Path, content: str) -> None:
    pin_file.write_text(content)
    run = download_main(command, hub, pin_file)
    assert (run.exit_code, run.reason) == (1, "Corrupt")
    assert f"The pin file {pin_file} is invalid" in run.message


def test_a_pinned_commit_that_is_a_path_is_rejected(hub: FakeHub, command: ModelStoreCommand, pin_file: Path) -> None:
    pin_file.write_text(
        json.dumps({"pipeline": COMMUNITY, "revision": "main", "commit": "../..", "digest": f"sha256:{'0' * 64}"})
    )
    assert download_main(command, hub, pin_file).reason == "Corrupt"


def test_an_origin_is_read_as_it_was_written(tmp_path: Path) -> None:
    origin = Origin(COMMUNITY, COMMUNITY_COMMIT, {COMMUNITY: COMMUNITY_COMMIT})
    provenance.write_origin(tmp_path, origin)
    assert provenance.read_origin(tmp_path) == origin


@pytest.mark.parametrize("content", [None, "", "[]", '{"pipeline": "a/b", "commit": "../..", "repositories": {}}'])
def test_an_invalid_origin_is_corrupt(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "origin.json").write_text(content)
    with pytest.raises(CorruptError, match=r"origin\.json"):
        provenance.read_origin(tmp_path)
