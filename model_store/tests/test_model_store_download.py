"""From a gated repository to a verified directory."""

from __future__ import annotations

import hashlib
import json
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from sd_harness.hub import fake_hub, hub_faults, hub_models
from sd_harness.hub.downloader_process import Supply
from sd_harness.hub.fake_hub import GOOD_TOKEN, Hub
from sd_harness.hub.hub_models import (
    COMMUNITY,
    COMMUNITY_COMMIT,
    NEEDED,
    SEGMENTATION,
    THREE_ONE,
    THREE_ONE_COMMIT,
    WESPEAKER,
)
from sd_harness.hub.kills import kill_after
from sd_model_store import manifest

COMMUNITY_BYTES = sum(len(hub_models.community().files[path]) for path in NEEDED)


def files_below(directory: Path) -> list[str]:
    return sorted(path.relative_to(directory).as_posix() for path in directory.rglob("*") if path.is_file())


def test_a_gated_pipeline_becomes_a_verified_directory(hub: Hub, supply: Supply) -> None:
    ended = supply.download(hub)
    assert ended.status == 0, ended.stderr
    assert ended.place == supply.final()
    assert files_below(ended.place) == sorted([*NEEDED, "manifest.json", "origin.json"])
    for path in NEEDED:
        assert (ended.place / path).read_bytes() == hub.repos[COMMUNITY].files[path]
    found = manifest.verify(ended.place, ended.document["digest"])
    assert ended.document["size_bytes"] == found.size_bytes
    assert ended.document["received_bytes"] == COMMUNITY_BYTES == hub.sent_bytes
    assert ended.document["repositories"] == {COMMUNITY: COMMUNITY_COMMIT}
    assert ended.document["pipeline"] == COMMUNITY
    assert ended.document["revision"] == COMMUNITY_COMMIT


def test_the_digest_is_that_of_the_manifest_beside_the_files(hub: Hub, supply: Supply) -> None:
    ended = supply.download(hub)
    written = (ended.place / "manifest.json").read_bytes()
    assert ended.document["digest"] == "sha256:" + hashlib.sha256(written).hexdigest()
    weights = hub.repos[COMMUNITY].files["segmentation/pytorch_model.bin"]
    assert json.loads(written)["files"]["segmentation/pytorch_model.bin"] == {
        "sha256": hashlib.sha256(weights).hexdigest(),
        "size_bytes": len(weights),
    }


def test_the_token_goes_to_the_hub_and_never_to_its_cdn(hub: Hub, supply: Supply) -> None:
    supply.download(hub)
    tokens = {(asked.port == hub.cdn_port, asked.token) for asked in hub.asked}
    assert tokens == {(False, GOOD_TOKEN), (True, "")}


def test_nothing_is_asked_for_but_the_pipeline(hub: Hub, supply: Supply) -> None:
    supply.download(hub)
    assert all(COMMUNITY in asked.path for asked in hub.asked)
    assert [asked.path for asked in hub.asked if "README" in asked.path or "handler" in asked.path] == []


def test_what_is_there_is_not_asked_for_again(hub: Hub, supply: Supply) -> None:
    first = supply.download(hub)
    hub.asked.clear()
    second = supply.download(hub, token="hf_revoked")  # noqa: S106 - a test's
    assert hub.asked == []
    assert second.document == first.document | {"received_bytes": 0}


def test_a_tag_is_resolved_to_the_commit_that_it_is_at(hub: Hub, supply: Supply) -> None:
    ended = supply.download(hub, revision="v1")
    assert ended.document["revision"] == COMMUNITY_COMMIT
    assert ended.place == supply.final(COMMUNITY_COMMIT)
    resolved = [asked.path for asked in hub.downloads() if "/resolve/" in asked.path]
    assert all(f"/resolve/{COMMUNITY_COMMIT}/" in path for path in resolved)


def test_three_one_takes_from_four_repositories_and_then_from_none(hub: Hub, supply: Supply) -> None:
    ended = supply.download(hub, pipeline=THREE_ONE, revision=THREE_ONE_COMMIT)
    assert ended.status == 0, ended.message
    assert set(ended.document["repositories"]) == {THREE_ONE, SEGMENTATION, WESPEAKER, COMMUNITY}
    assert files_below(ended.place) == sorted([*NEEDED, "manifest.json", "origin.json"])
    parameters = yaml.safe_load((ended.place / "config.yaml").read_text())["pipeline"]["params"]
    assert parameters["segmentation"] == "$model/segmentation"
    assert parameters["embedding"] == "$model/embedding"
    assert parameters["plda"] == "$model/plda"
    assert parameters["clustering"] == "AgglomerativeClustering"
    weights = (ended.place / "embedding/pytorch_model.bin").read_bytes()
    assert weights == hub.repos[WESPEAKER].files["pytorch_model.bin"]


def test_the_same_commits_give_the_same_digest_in_another_cache(hub: Hub, tmp_path: Path) -> None:
    digests: set[str] = set()
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        ended = Supply(tmp_path / name).download(hub, pipeline=THREE_ONE, revision=THREE_ONE_COMMIT)
        digests.add(ended.document["digest"])
    assert len(digests) == 1


def test_a_pinned_digest_is_kept_to(hub: Hub, supply: Supply) -> None:
    digest = supply.download(hub).document["digest"]
    assert supply.download(hub, "--digest", digest).status == 0
    ended = supply.download(hub, "--digest", "sha256:" + "0" * 64)
    assert (ended.status, ended.reason) == (1, "Corrupt")
    assert digest in ended.message
    assert supply.final().is_dir(), "others may be using it"


def test_a_second_download_waits_for_the_first(hub: Hub, supply: Supply) -> None:
    go_on = threading.Event()
    hub.pace = lambda start: None if start == 0 else (go_on.wait(60), None)[1]
    first = supply.start_download(hub)
    hub.until_the_cdn_is_asked()
    asked = list(hub.asked)
    second = supply.start_download(hub)
    time.sleep(1.5)
    assert hub.asked == asked, "it waits before it asks for anything"
    go_on.set()
    ended = [supply_result(process) for process in (first, second)]
    assert sorted(document["received_bytes"] for document in ended) == [0, COMMUNITY_BYTES]
    assert hub.sent_bytes == COMMUNITY_BYTES
    assert ended[0]["digest"] == ended[1]["digest"]


def supply_result(process: subprocess.Popen[str]) -> dict[str, Any]:
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 0, stderr
    return json.loads(stdout)


def test_waiting_for_another_ends_too(hub: Hub, supply: Supply) -> None:
    go_on = threading.Event()
    hub.faults.append(hub_faults.stalls(go_on))
    first = supply.start_download(hub)
    hub.until_the_cdn_is_asked()
    ended = supply.download(hub, "--total-timeout", "1")
    assert (ended.status, ended.reason) == (1, "CacheUnusable")
    assert "Another downloader" in ended.message
    first.kill()
    first.communicate()
    go_on.set()


def test_the_lock_of_a_killed_downloader_is_nobodys(hub: Hub, supply: Supply) -> None:
    kill_after(supply, hub, 100_000)
    assert (supply.cache / ".lock").exists()
    assert supply.download(hub, "--total-timeout", "30").status == 0


def test_a_mirror_with_a_certificate_of_its_own_is_trusted_by_its_bundle(supply: Supply, tmp_path: Path) -> None:
    certificate, key = tmp_path / "ca.pem", tmp_path / "key.pem"
    subprocess.run(
        f"openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost "
        f"-keyout {key} -out {certificate}".split(),
        check=True,
        capture_output=True,
    )
    with fake_hub.running({COMMUNITY: hub_models.community()}, fake_hub.tls_context(certificate, key)) as hub:
        untrusted = supply.download(hub)
        assert (untrusted.status, untrusted.reason) == (1, "HubUnreachable")
        assert "CA bundle" in untrusted.message
        assert supply.download(hub, "--ca-bundle", str(certificate)).status == 0
        unusable = supply.download(hub, "--ca-bundle", str(tmp_path / "token"))
        assert (unusable.status, unusable.reason) == (1, "HubUnreachable")
        assert "PEM" in unusable.message


@pytest.mark.parametrize("variable", ["HF_TOKEN", "HUGGINGFACE_TOKEN"])
def test_only_the_given_token_is_ever_sent(hub: Hub, supply: Supply, variable: str) -> None:
    ended = supply.download(hub, token=None, **{variable: GOOD_TOKEN})
    assert ended.reason == "TokenMissing"
    assert {asked.token for asked in hub.asked} == {""}


def test_on_a_single_host_the_token_may_come_from_the_environment(hub: Hub, supply: Supply) -> None:
    assert supply.download(hub, token=None, HUGGING_FACE_HUB_TOKEN=GOOD_TOKEN).status == 0


def test_the_offline_setting_of_the_engines_image_does_not_keep_it_from_the_hub(hub: Hub, supply: Supply) -> None:
    assert supply.download(hub, HF_HUB_OFFLINE="1").status == 0


@pytest.mark.parametrize("words", [("download",), ("verify",), ("download", "--file-timeout", "-1")])
def test_a_wrong_command_line_ends_with_two(supply: Supply, words: tuple[str, ...]) -> None:
    process = supply.start(*words)
    assert "usage:" in process.communicate()[1]
    assert process.returncode == 2
