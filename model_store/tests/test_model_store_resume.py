"""Interrupted downloads and damaged caches: the next run resumes or repairs, and no partial file has a final name."""

from __future__ import annotations

from pathlib import Path

import pytest
from sd_harness.hub import hub_faults, hub_models
from sd_harness.hub.hub_models import COMMUNITY, COMMUNITY_BYTES
from sd_harness.hub.hub_state import FakeHub
from sd_harness.hub.model_store_command import ModelStoreCommand, kill_download_after
from sd_model_store import manifest

WEIGHTS = "segmentation/pytorch_model.bin"
BUFFERED_BYTES = 2 << 20
"""Data that the client may hold in memory when it is killed."""


@pytest.mark.parametrize("share", [0.0, 0.1, 0.4, 0.7, 0.9, 0.99])
def test_a_killed_download_is_resumed(hub: FakeHub, command: ModelStoreCommand, share: float) -> None:
    kill_download_after(command, hub, int(COMMUNITY_BYTES * share))
    assert not command.revision_path().exists()
    run = command.download(hub)
    assert run.exit_code == 0, run.message
    manifest.verify(run.path, run.document["digest"])
    assert not command.partial_path().exists()


def test_data_received_before_a_kill_is_not_downloaded_again(command: ModelStoreCommand, hub: FakeHub) -> None:
    size_bytes = 40_000_000
    hub.repositories[COMMUNITY] = hub_models.community(size_bytes)
    partial = command.partial_path() / WEIGHTS

    def has_received_data() -> bool:
        return partial.exists() and partial.stat().st_size >= 25_000_000 - BUFFERED_BYTES

    kill_download_after(command, hub, 25_000_000, condition=has_received_data)
    kept_bytes = partial.stat().st_size
    assert kept_bytes >= 25_000_000 - BUFFERED_BYTES
    hub.requests.clear()
    run = command.download(hub)
    assert run.exit_code == 0, run.message
    assert run.document["received_bytes"] < size_bytes + COMMUNITY_BYTES - kept_bytes
    assert f"bytes={kept_bytes}-" in {request.range for request in hub.download_requests()}


def test_an_incomplete_response_is_resumed_in_the_same_run(hub: FakeHub, command: ModelStoreCommand) -> None:
    hub.faults.append(hub_faults.incomplete_response(1_500_000, times=2))
    run = command.download(hub)
    assert run.exit_code == 0, run.message
    manifest.verify(run.path, run.document["digest"])


def test_a_connection_reset_fails_the_run_and_the_next_one_succeeds(hub: FakeHub, command: ModelStoreCommand) -> None:
    hub.faults.append(hub_faults.connection_reset)
    run = command.download(hub)
    assert (run.exit_code, run.reason) == (1, "HubUnreachable")
    hub.faults.clear()
    assert command.download(hub).exit_code == 0


def _flip_bit(weights: Path) -> None:
    content = bytearray(weights.read_bytes())
    content[1000] ^= 1
    weights.write_bytes(content)


def _truncate(weights: Path) -> None:
    weights.write_bytes(weights.read_bytes()[:1_000_000])


DAMAGES = {
    "bit flipped": _flip_bit,
    "truncated": _truncate,
    "missing": Path.unlink,
    "added": lambda weights: (weights.parent / "more.py").write_text("raise SystemExit"),
    "link": lambda weights: (weights.unlink(), weights.symlink_to("/etc/passwd")),
    "manifest missing": lambda weights: (weights.parent.parent / "manifest.json").unlink(),
    "origin changed": lambda weights: (weights.parent.parent / "origin.json").write_text("{}"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_cache_is_repaired(hub: FakeHub, command: ModelStoreCommand, damage: str) -> None:
    before = command.download(hub)
    DAMAGES[damage](before.path / WEIGHTS)
    after = command.download(hub)
    assert after.exit_code == 0, after.message
    assert after.document["digest"] == before.document["digest"]
    assert after.document["received_bytes"] <= 3_000_000 + 1000, "only damaged files are downloaded"
    manifest.verify(after.path, before.document["digest"])


def test_a_damaged_cache_keeps_its_path_while_the_hub_is_unreachable(hub: FakeHub, command: ModelStoreCommand) -> None:
    before = command.download(hub)
    _flip_bit(before.path / WEIGHTS)
    hub.faults.append(hub_faults.error_response(503))
    assert command.download(hub).reason == "HubUnreachable"
    with pytest.raises(manifest.CorruptError, match="segmentation"):
        manifest.verify(before.path, before.document["digest"])


def test_a_damaged_partial_file_is_downloaded_again(hub: FakeHub, command: ModelStoreCommand) -> None:
    partial = command.partial_path() / WEIGHTS
    partial.parent.mkdir(parents=True)
    partial.write_bytes(hub_models.noise(500_000, 99))
    run = command.download(hub)
    assert run.exit_code == 0, run.message
    manifest.verify(run.path, run.document["digest"])


def test_foreign_files_in_a_partial_download_are_deleted(hub: FakeHub, command: ModelStoreCommand) -> None:
    (command.partial_path() / "segmentation").mkdir(parents=True)
    (command.partial_path() / "segmentation/evil.py").write_text("raise SystemExit")
    (command.partial_path() / "plda").symlink_to("/etc")
    run = command.download(hub)
    assert run.exit_code == 0, run.message
    assert not (run.path / "segmentation/evil.py").exists()
    assert not (run.path / "plda").is_symlink()
