"""A real model on one host, fetched at the first start: with the token in nobody's hands but the download's."""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import containers
import host_hub
import pytest
from host_hub import CANARY, COMMIT, NO_TERMS, PAGE
from sd_harness.cluster import secret_leak_scan
from sd_harness.cluster.oracle import segments
from sd_harness.hub.fake_hub import Hub
from sd_harness.hub.hub_models import COMMUNITY

VOLUME = "sd-triton-e2e-models"
SERVER_IMAGE, CLIENT_IMAGE = "sd-triton-server:dev", "sd-triton-client:dev"


@pytest.fixture(scope="module")
def hub() -> Iterator[Hub]:
    with host_hub.running() as hub:
        yield hub


@pytest.fixture
def volume() -> Iterator[str]:
    """An empty one."""
    containers.run("volume", "rm", "--force", VOLUME)
    yield VOLUME
    containers.run("volume", "rm", "--force", VOLUME)


def first_start(hub: Hub, *more: str) -> list[str]:
    """The README's command, with the fake hub as a mirror."""
    readme = containers.readme_arguments(containers.FIRST_START)
    words = [word.replace("models:/models", f"{VOLUME}:/models") for word in readme]
    assert f"{VOLUME}:/models" in words
    return ["--env", f"SD_HUB_ENDPOINT={hub.url}", *more, *words]


def environment(token: str) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HUGGING_FACE_HUB_TOKEN": token}


@pytest.mark.usefixtures("volume")
def test_a_first_start_downloads_and_serves_and_a_later_one_needs_neither_hub_nor_token(
    hub: Hub, clip: bytes, stock: dict[str, list[list[object]]]
) -> None:
    with containers.running(first_start(hub), **environment(CANARY)):
        containers.wait_until_ready()
        assert segments(containers.diarize(clip)) == stock[""]
        assert f"Serving {COMMUNITY} at {COMMIT}, sha256:" in containers.log()
        everything = ["\n".join(containers.process_environments()), containers.log(), _volume()]
        assert len(containers.process_environments()) >= 10
        assert "SD_MODEL_DIGEST=sha256:" in everything[0]
        assert all(form not in text for form in secret_leak_scan.forms(CANARY) for text in everything)
    asked_before = len(hub.asked)
    for token in ("hf_revoked0since", ""):
        with containers.running(first_start(hub, "--network", "none"), **environment(token)):
            containers.wait_until_ready()
            assert segments(containers.diarize(clip)) == stock[""]
            assert f"Serving {COMMUNITY} at {COMMIT}, sha256:" in containers.log()
    assert len(hub.asked) == asked_before


def _volume() -> str:
    where = containers.run("volume", "inspect", VOLUME, "--format", "{{.Mountpoint}}").stdout.strip()
    contents = [path.read_bytes().decode("latin-1") for path in Path(where).rglob("*") if path.is_file()]
    assert len(contents) >= 7
    return "".join(contents)


REFUSALS = {
    "a wrong token": ("hf_wrong", "TokenInvalid", "https://huggingface.co/settings/tokens"),
    "terms that are not accepted": (NO_TERMS, "TermsNotAccepted", PAGE),
    "two words for a token": ("hf_a hf_b", "TokenInvalid", "one word"),
    "no token": ("", "TokenMissing", PAGE),
}


@pytest.mark.usefixtures("volume")
@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_refused_first_start_ends_the_container_with_reason_and_page(hub: Hub, refusal: str) -> None:
    token, reason, words = REFUSALS[refusal]
    with containers.running(first_start(hub, "--env", f"SD_PIPELINE={COMMUNITY}"), **environment(token)):
        assert containers.exit_status() == 1
        said = containers.log().strip()
    assert said.startswith(f"sd-server: {reason}: ")
    assert words in said
    assert "\n" not in said


@pytest.mark.usefixtures("volume")
def test_a_container_that_is_stopped_while_it_downloads_ends_at_once(hub: Hub) -> None:
    hub.asked.clear()
    hub.pace = lambda _: time.sleep(0.5)
    try:
        with containers.running(first_start(hub), **environment(CANARY)):
            hub.until_the_cdn_is_asked()
            began = time.monotonic()
            containers.run("stop", containers.NAME)
            assert containers.exit_status() == 143
            assert time.monotonic() - began < 15
    finally:
        hub.pace = lambda _: None


def closed(image: str, *words: str, **variables: str) -> str:
    """What a container prints that may write nothing but its volume and /tmp."""
    options = ("--rm", "--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", "--user", "1000:1000")
    passed = [word for name in variables for word in ("--env", name)]
    argv = ("run", *options, *passed, "--volume", f"{VOLUME}:/models", image, *words)
    ended = containers.run(*argv, PATH=os.environ["PATH"], **variables)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert CANARY not in ended.stdout + ended.stderr
    return ended.stdout


@pytest.mark.usefixtures("volume")
def test_downloader_and_archives_need_a_volume_and_nothing_else_that_is_writable(hub: Hub) -> None:
    asked = ("--pipeline", COMMUNITY, "--revision", COMMIT, "--endpoint", hub.url, "--cache", "/models")
    supplied = json.loads(closed(SERVER_IMAGE, "models", "download", *asked, HUGGING_FACE_HUB_TOKEN=CANARY))
    assert supplied["path"] == f"/models/pyannote--speaker-diarization-community-1/{COMMIT}"
    closed(SERVER_IMAGE, "models", "export", "--directory", supplied["path"], "--archive", "/models/model.tar")
    said = closed(CLIENT_IMAGE, "model", "import", "/models/model.tar", "/tmp/cache", "--digest", supplied["digest"])
    assert said == (
        f"/tmp/cache/pyannote--speaker-diarization-community-1/{COMMIT} holds {COMMUNITY} at {COMMIT}, 17.2 MB.\n"
        f"Its digest is {supplied['digest']}.\n"
    )
