"""A tag is looked up once: what it led to stays, with or without a hub, a token, or a tag that has moved on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sd_harness.hub.downloader_process import Ended, Supply
from sd_harness.hub.fake_hub import Hub, Repo
from sd_harness.hub.hub_models import COMMUNITY, COMMUNITY_COMMIT, noise


@pytest.fixture
def pin(supply: Supply) -> Path:
    return supply.cache / ".pinned.json"


def download_main(supply: Supply, hub: Hub, pin: Path, *more: str, **asked: str | None) -> Ended:
    return supply.download(hub, "--pin", str(pin), *more, **({"revision": "main"} | asked))


def test_the_file_says_what_a_branch_led_to(hub: Hub, supply: Supply, pin: Path) -> None:
    ended = download_main(supply, hub, pin)
    assert json.loads(pin.read_text()) == {
        "pipeline": COMMUNITY,
        "revision": "main",
        "commit": COMMUNITY_COMMIT,
        "digest": ended.document["digest"],
    }


def test_what_is_pinned_and_cached_needs_neither_hub_nor_token(hub: Hub, supply: Supply, pin: Path) -> None:
    first = download_main(supply, hub, pin)
    hub.accounts.clear()
    asked_before = len(hub.asked)
    hub.url = "https://hub.invalid"
    for token in ("hf_revoked", None):
        again = download_main(supply, hub, pin, token=token)
        assert again.status == 0, again.message
        assert again.document == first.document | {"received_bytes": 0}
    assert len(hub.asked) == asked_before


def test_a_branch_that_has_moved_on_is_not_followed(hub: Hub, supply: Supply, pin: Path) -> None:
    first = download_main(supply, hub, pin)
    moved = hub.repos[COMMUNITY]
    hub.repos[COMMUNITY] = Repo(moved.files | {"plda/plda.npz": noise(5000, 9)}, "9" * 40)
    assert download_main(supply, hub, pin).place == first.place
    assert supply.download(hub, revision="main").place == supply.final("9" * 40), "without the file it is"


def test_a_damaged_cache_is_repaired_at_the_pinned_commit(hub: Hub, supply: Supply, pin: Path) -> None:
    first = download_main(supply, hub, pin)
    (first.place / "plda/plda.npz").write_bytes(b"x")
    again = download_main(supply, hub, pin)
    assert (again.status, again.document["digest"]) == (0, first.document["digest"])
    assert again.document["received_bytes"] > 0


def test_a_cache_that_was_replaced_as_a_whole_is_not_what_is_pinned(hub: Hub, supply: Supply, pin: Path) -> None:
    download_main(supply, hub, pin)
    pinned = pin.read_text()
    pin.write_text(pinned.replace(json.loads(pinned)["digest"], "sha256:" + "0" * 64))
    ended = download_main(supply, hub, pin)
    assert (ended.status, ended.reason) == (1, "Corrupt")
    assert f"sha256:{'0' * 64} is pinned" in ended.message


def test_another_revision_is_looked_up_and_pinned_instead(hub: Hub, supply: Supply, pin: Path) -> None:
    download_main(supply, hub, pin)
    asked_before = len(hub.asked)
    assert download_main(supply, hub, pin, revision="v1").status == 0
    assert len(hub.asked) > asked_before
    assert json.loads(pin.read_text())["revision"] == "v1"


def test_a_refused_download_pins_nothing(hub: Hub, supply: Supply, pin: Path) -> None:
    hub.accounts.clear()
    assert download_main(supply, hub, pin).reason == "TokenInvalid"
    assert list(supply.cache.glob(".pinned*")) == []


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"pipeline": "a/b", "revision": "main"}', "../../etc"])
def test_a_file_that_says_something_else_is_named(hub: Hub, supply: Supply, pin: Path, content: str) -> None:
    pin.write_text(content)
    ended = download_main(supply, hub, pin)
    assert (ended.status, ended.reason) == (1, "Corrupt")
    assert f"{pin} does not say what is pinned" in ended.message


def test_a_commit_that_is_a_path_is_none(hub: Hub, supply: Supply, pin: Path) -> None:
    pin.write_text(
        json.dumps({"pipeline": COMMUNITY, "revision": "main", "commit": "../..", "digest": f"sha256:{'0' * 64}"})
    )
    assert download_main(supply, hub, pin).reason == "Corrupt"
