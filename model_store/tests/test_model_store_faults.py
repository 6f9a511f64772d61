"""Killed, cut off, stalled, full: nothing half lies under a final name, and the next run goes on."""

from __future__ import annotations

import signal
import threading
import time
from pathlib import Path

import pytest
from sd_harness.hub import hub_faults, hub_models
from sd_harness.hub.downloader_process import Supply
from sd_harness.hub.fake_hub import Hub
from sd_harness.hub.hub_models import COMMUNITY
from sd_harness.hub.kills import kill_after
from sd_model_store import manifest
from test_model_store_download import COMMUNITY_BYTES

WEIGHTS = "segmentation/pytorch_model.bin"
IN_HAND_BYTES = 2 << 20
"""What may be in the client's hands when it is killed."""

SOON_S = 40.0
"""With the start of Python on a busy machine; what the faults would hold up takes a minute and more."""


@pytest.mark.parametrize("share", [0.0, 0.1, 0.4, 0.7, 0.9, 0.99])
def test_a_killed_download_is_resumed(hub: Hub, supply: Supply, share: float) -> None:
    kill_after(supply, hub, int(COMMUNITY_BYTES * share))
    assert not supply.final().exists()
    ended = supply.download(hub)
    assert ended.status == 0, ended.message
    manifest.verify(ended.place, ended.document["digest"])
    assert not supply.work().exists()


def test_what_arrived_before_a_kill_is_not_fetched_again(supply: Supply, hub: Hub) -> None:
    size_bytes = 40_000_000
    hub.repos[COMMUNITY] = hub_models.community(size_bytes)
    partial = supply.work() / WEIGHTS

    def has_what_was_sent() -> bool:
        return partial.exists() and partial.stat().st_size >= 25_000_000 - IN_HAND_BYTES

    kill_after(supply, hub, 25_000_000, once=has_what_was_sent)
    have_bytes = partial.stat().st_size
    assert have_bytes >= 25_000_000 - IN_HAND_BYTES
    hub.asked.clear()
    ended = supply.download(hub)
    assert ended.status == 0, ended.message
    assert ended.document["received_bytes"] < size_bytes + COMMUNITY_BYTES - have_bytes
    assert f"bytes={have_bytes}-" in {asked.range for asked in hub.downloads()}


def test_a_line_that_is_cut_is_taken_up_again_in_the_same_run(hub: Hub, supply: Supply) -> None:
    hub.faults.append(hub_faults.cuts(1_500_000, times=2))
    ended = supply.download(hub)
    assert ended.status == 0, ended.message
    manifest.verify(ended.place, ended.document["digest"])


def test_a_connection_that_is_reset_ends_the_run_and_the_next_goes_on(hub: Hub, supply: Supply) -> None:
    hub.faults.append(hub_faults.resets)
    ended = supply.download(hub)
    assert (ended.status, ended.reason) == (1, "HubUnreachable")
    hub.faults.clear()
    assert supply.download(hub).status == 0


def test_a_hub_that_says_nothing_is_given_up_in_time(hub: Hub, supply: Supply) -> None:
    go_on = threading.Event()
    hub.faults.append(hub_faults.stalls(go_on))
    started_s = time.monotonic()
    ended = supply.download(hub, "--silence-timeout", "0.5", "--file-timeout", "2")
    assert (ended.status, ended.reason) == (1, "HubUnreachable")
    assert "not finished within 2 s" in ended.message
    assert time.monotonic() - started_s < SOON_S
    go_on.set()


@pytest.mark.parametrize(("option", "what"), [("--file-timeout", WEIGHTS), ("--total-timeout", "The download")])
def test_a_trickle_is_given_up_in_time(hub: Hub, supply: Supply, option: str, what: str) -> None:
    hub.faults.append(hub_faults.trickles(0.05))
    started_s = time.monotonic()
    ended = supply.download(hub, option, "2")
    assert (ended.status, ended.reason) == (1, "HubUnreachable")
    assert what in ended.message
    assert time.monotonic() - started_s < SOON_S


def test_a_rate_limit_is_not_slept_through(hub: Hub, supply: Supply) -> None:
    hub.faults.append(hub_faults.answers(429, where="/segmentation/pytorch_model.bin", Retry_After="3600"))
    started_s = time.monotonic()
    assert supply.download(hub).reason == "HubUnreachable"
    assert time.monotonic() - started_s < SOON_S


def test_a_quota_that_is_reached_in_the_middle_is_a_lack_of_space(hub: Hub, supply: Supply) -> None:
    ended = supply.ended(supply.start_download(hub, prefix=("prlimit", "--fsize=1000000")))
    assert (ended.status, ended.reason) == (1, "InsufficientSpace")
    assert "quota larger" in ended.message
    assert not supply.final().exists()
    assert supply.download(hub).document["received_bytes"] < COMMUNITY_BYTES, "what had arrived was kept"


def test_a_download_that_does_not_fit_is_refused_before_it_starts(hub: Hub, supply: Supply) -> None:
    hub.repos[COMMUNITY].claimed_bytes = 10**16
    assert supply.download(hub).reason == "InsufficientSpace"
    assert [asked for asked in hub.asked if asked.port == hub.cdn_port] == []


def test_a_termination_signal_ends_it_at_once(hub: Hub, supply: Supply) -> None:
    go_on = threading.Event()
    hub.faults.append(hub_faults.stalls(go_on))
    process = supply.start_download(hub)
    hub.until_the_cdn_is_asked()
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=SOON_S)
    go_on.set()
    assert process.returncode == 143


def _flip(weights: Path) -> None:
    content = bytearray(weights.read_bytes())
    content[1000] ^= 1
    weights.write_bytes(content)


def _truncate(weights: Path) -> None:
    weights.write_bytes(weights.read_bytes()[:1_000_000])


DAMAGES = {
    "flipped": _flip,
    "truncated": _truncate,
    "missing": Path.unlink,
    "added": lambda weights: (weights.parent / "more.py").write_text("raise SystemExit"),
    "link": lambda weights: (weights.unlink(), weights.symlink_to("/etc/passwd")),
    "manifest gone": lambda weights: (weights.parent.parent / "manifest.json").unlink(),
    "origin changed": lambda weights: (weights.parent.parent / "origin.json").write_text("{}"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_cache_is_repaired(hub: Hub, supply: Supply, damage: str) -> None:
    before = supply.download(hub)
    DAMAGES[damage](before.place / WEIGHTS)
    after = supply.download(hub)
    assert after.status == 0, after.message
    assert after.document["digest"] == before.document["digest"]
    assert after.document["received_bytes"] <= 3_000_000 + 1000, "only what is damaged is fetched"
    manifest.verify(after.place, before.document["digest"])


def test_a_damaged_cache_stays_where_it_is_while_the_hub_is_away(hub: Hub, supply: Supply) -> None:
    before = supply.download(hub)
    _flip(before.place / WEIGHTS)
    hub.faults.append(hub_faults.answers(503))
    assert supply.download(hub).reason == "HubUnreachable"
    with pytest.raises(manifest.CorruptError, match="segmentation"):
        manifest.verify(before.place, before.document["digest"])


def test_a_partial_file_that_was_damaged_is_fetched_anew(hub: Hub, supply: Supply) -> None:
    partial = supply.work() / WEIGHTS
    partial.parent.mkdir(parents=True)
    partial.write_bytes(hub_models.noise(500_000, 99))
    ended = supply.download(hub)
    assert ended.status == 0, ended.message
    manifest.verify(ended.place, ended.document["digest"])


def test_what_somebody_laid_into_a_partial_download_does_not_come_along(hub: Hub, supply: Supply) -> None:
    (supply.work() / "segmentation").mkdir(parents=True)
    (supply.work() / "segmentation/evil.py").write_text("raise SystemExit")
    (supply.work() / "plda").symlink_to("/etc")
    ended = supply.download(hub)
    assert ended.status == 0, ended.message
    assert not (ended.place / "segmentation/evil.py").exists()
    assert not (ended.place / "plda").is_symlink()
