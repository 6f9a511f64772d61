"""The cache: removal of unused revisions, and its lock."""

from __future__ import annotations

import json
import threading
import time

import pytest
from sd_harness.hub import hub_faults
from sd_harness.hub.hub_models import COMMUNITY, COMMUNITY_BYTES, COMMUNITY_COMMIT, THREE_ONE, THREE_ONE_COMMIT
from sd_harness.hub.hub_state import FakeHub
from sd_harness.hub.model_store_command import ModelStoreCommand, kill_download_after
from sd_model_store.cache import Cache
from sd_model_store.deadline import Deadline, Timeouts
from sd_model_store.errors import CacheUnusableError

OTHER_COMMIT = "e" * 40


def test_remove_deletes_the_revisions_that_are_not_kept(hub: FakeHub, command: ModelStoreCommand) -> None:
    command.download(hub)
    command.download(hub, pipeline=THREE_ONE, revision=THREE_ONE_COMMIT)
    hub.repositories[COMMUNITY].commit = OTHER_COMMIT
    command.download(hub, revision=OTHER_COMMIT)
    command.partial_path("f" * 40).mkdir(parents=True)
    remove = ("remove", "--cache", str(command.cache), "--pipeline", COMMUNITY, "--keep", OTHER_COMMIT)
    assert command.run(*remove).document == {"removed": [COMMUNITY_COMMIT]}
    assert not command.revision_path().exists()
    assert not command.partial_path("f" * 40).exists()
    assert command.revision_path(OTHER_COMMIT).is_dir()
    assert command.revision_path(THREE_ONE_COMMIT, THREE_ONE).is_dir()
    assert command.run(*remove).document == {"removed": []}


def test_remove_rejects_a_name_that_is_a_path(command: ModelStoreCommand) -> None:
    (command.folder / "other").mkdir()
    for name in ("..", "../other", "/etc", "a/../../other", "a--b/c"):
        run = command.run("remove", "--cache", str(command.cache), "--pipeline", name)
        assert (run.exit_code, run.reason) == (1, "UnsupportedPipeline")
    assert (command.folder / "other").is_dir()


def test_a_second_download_waits_for_the_first(hub: FakeHub, command: ModelStoreCommand) -> None:
    resume = threading.Event()
    hub.before_chunk = lambda start: None if start == 0 else (resume.wait(60), None)[1]
    first = command.start_download(hub)
    hub.wait_for_cdn_request()
    requests_before = list(hub.requests)
    second = command.start_download(hub)
    time.sleep(1.5)
    assert hub.requests == requests_before, "it waits before its first request"
    resume.set()
    outputs = [process.communicate(timeout=60) for process in (first, second)]
    assert (first.returncode, second.returncode) == (0, 0), outputs
    documents = [json.loads(stdout) for stdout, _ in outputs]
    assert sorted(document["received_bytes"] for document in documents) == [0, COMMUNITY_BYTES]
    assert hub.sent_bytes == COMMUNITY_BYTES
    assert documents[0]["digest"] == documents[1]["digest"]


def test_waiting_for_the_lock_times_out(hub: FakeHub, command: ModelStoreCommand) -> None:
    fault_ended = threading.Event()
    hub.faults.append(hub_faults.no_response(fault_ended))
    first = command.start_download(hub)
    hub.wait_for_cdn_request()
    run = command.download(hub, "--total-timeout", "1")
    assert (run.exit_code, run.reason) == (1, "CacheUnusable")
    assert "Another process held the lock" in run.message
    first.kill()
    first.communicate()
    fault_ended.set()


def test_a_killed_process_does_not_hold_the_lock(hub: FakeHub, command: ModelStoreCommand) -> None:
    kill_download_after(command, hub, 100_000)
    assert (command.cache / ".lock").exists()
    assert command.download(hub, "--total-timeout", "30").exit_code == 0


def test_a_cache_that_is_not_writable_is_named(hub: FakeHub, command: ModelStoreCommand) -> None:
    command.cache.rmdir()
    command.cache.write_text("a file")
    run = command.download(hub)
    assert (run.exit_code, run.reason) == (1, "CacheUnusable")
    assert str(command.cache) in run.message


def test_the_lock_is_released_after_an_error(command: ModelStoreCommand) -> None:
    cache, deadline = Cache(command.cache), Deadline(Timeouts(total_s=0.01))
    with pytest.raises(RuntimeError), cache.locked(deadline):
        raise RuntimeError
    with cache.locked(deadline), pytest.raises(CacheUnusableError), Cache(command.cache).locked(deadline):
        pass
