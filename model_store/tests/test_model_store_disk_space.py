"""Insufficient space: rejected before the download where it is known, reported with its reason where it is not."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest
from sd_harness.hub.hub_models import COMMUNITY, COMMUNITY_BYTES
from sd_harness.hub.hub_state import FakeHub
from sd_harness.hub.model_store_command import ModelStoreCommand
from sd_model_store import disk_space
from sd_model_store.errors import CacheUnusableError, InsufficientSpaceError, ModelStoreError


def test_a_quota_reached_during_the_download_is_insufficient_space(hub: FakeHub, command: ModelStoreCommand) -> None:
    run = command.wait(command.start_download(hub, prefix=("prlimit", "--fsize=1000000")))
    assert (run.exit_code, run.reason) == (1, "InsufficientSpace")
    assert "Enlarge the volume or its quota" in run.message
    assert not command.revision_path().exists()
    assert command.download(hub).document["received_bytes"] < COMMUNITY_BYTES, "downloaded data was kept"


def test_a_download_that_does_not_fit_is_rejected_before_it_starts(hub: FakeHub, command: ModelStoreCommand) -> None:
    hub.repositories[COMMUNITY].listed_size_bytes = 10**16
    assert command.download(hub).reason == "InsufficientSpace"
    assert [request for request in hub.requests if request.port == hub.cdn_port] == []


@pytest.mark.parametrize(
    ("number", "error_class"),
    [
        (errno.ENOSPC, InsufficientSpaceError),
        (errno.EDQUOT, InsufficientSpaceError),
        (errno.EFBIG, InsufficientSpaceError),
        (errno.EROFS, CacheUnusableError),
        (errno.EACCES, CacheUnusableError),
    ],
)
def test_a_write_error_is_mapped_to_its_reason(tmp_path: Path, number: int, error_class: type[ModelStoreError]) -> None:
    with pytest.raises(error_class, match=str(tmp_path)), disk_space.mapped_write_errors(tmp_path):
        raise OSError(number, "the text of the operating system")


def test_space_is_checked_with_a_reserve(tmp_path: Path) -> None:
    disk_space.require(tmp_path, 0)
    with pytest.raises(InsufficientSpaceError, match=r"of free space, and 1000000000000\.0 MB are needed"):
        disk_space.require(tmp_path, 10**18)
