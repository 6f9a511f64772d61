"""What no service uses goes, and only that."""

from __future__ import annotations

from pathlib import Path

import pytest
from sd_harness.hub.downloader_process import Supply
from sd_harness.hub.fake_hub import Hub
from sd_harness.hub.hub_models import COMMUNITY, COMMUNITY_COMMIT, THREE_ONE, THREE_ONE_COMMIT
from sd_model_store import termination

OTHER = "e" * 40


def test_revisions_that_are_not_kept_are_removed(hub: Hub, supply: Supply) -> None:
    supply.download(hub)
    supply.download(hub, pipeline=THREE_ONE, revision=THREE_ONE_COMMIT)
    hub.repos[COMMUNITY].commit = OTHER
    supply.download(hub, revision=OTHER)
    supply.work("f" * 40).mkdir(parents=True)
    words = ("remove", "--cache", str(supply.cache), "--pipeline", COMMUNITY, "--keep", OTHER)
    assert supply.run(*words).document == {"removed": [COMMUNITY_COMMIT]}
    assert not supply.final().exists()
    assert not supply.work("f" * 40).exists()
    assert supply.final(OTHER).is_dir()
    assert supply.final(THREE_ONE_COMMIT, THREE_ONE).is_dir()
    assert supply.run(*words).document == {"removed": []}


def test_a_name_that_leads_out_of_the_cache_removes_nothing(supply: Supply) -> None:
    (supply.folder / "other").mkdir()
    for name in ("..", "../other", "/etc", "a/../../other", "a--b/c"):
        ended = supply.run("remove", "--cache", str(supply.cache), "--pipeline", name)
        assert (ended.status, ended.reason) == (1, "UnsupportedPipeline")
    assert (supply.folder / "other").is_dir()


def test_last_words_fit_whatever_they_say() -> None:
    for sentence in ("x" * 10_000, 'é"\n\\' * 5000, "🙂" * 3000, "short."):
        text = termination.encoded({"reason": "Corrupt", "message": sentence, "pages": []})
        assert len(text) <= termination.MAX_BYTES
        assert b'"reason": "Corrupt"' in text
    assert len(termination.encoded({"reason": "Corrupt", "message": "x" * 10_000, "pages": []})) > 4000


def test_only_a_command_that_is_a_container_of_its_own_has_last_words_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    log = tmp_path / "termination-log"
    monkeypatch.setattr(termination, "DEFAULT_FILE", log)
    assert termination.file_of("download") is None
    log.touch()
    assert [termination.file_of(command) for command in ("download", "verify", "remove")] == [log] * 3
    assert [termination.file_of(command) for command in ("export", "import")] == [None] * 2
