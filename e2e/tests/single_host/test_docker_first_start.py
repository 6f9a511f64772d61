"""A model downloaded at a container's first start: a later start needs no hub, and only the download has the token."""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import containers
import host_hub
import pytest
from host_hub import COMMIT, NO_TERMS_TOKEN, PAGE, TOKEN
from sd_harness.cluster import secret_leak_scan
from sd_harness.cluster.oracle import segments
from sd_harness.hub.hub_models import COMMUNITY
from sd_harness.hub.hub_state import FakeHub

VOLUME = "sd-triton-e2e-models"
SERVER_IMAGE, CLIENT_IMAGE = "sd-triton-server:dev", "sd-triton-client:dev"
STOP_TIMEOUT_S = 15


@pytest.fixture(scope="module")
def hub() -> Iterator[FakeHub]:
    with host_hub.running() as hub:
        yield hub


@pytest.fixture
def volume() -> Iterator[str]:
    """An empty docker volume."""
    containers.run("volume", "rm", "--force", VOLUME)
    yield VOLUME
    containers.run("volume", "rm", "--force", VOLUME)


def first_start(hub: FakeHub, *more: str) -> list[str]:
    """Return the arguments of the README's command, with the fake hub as a mirror."""
    readme = containers.readme_arguments(containers.FIRST_START)
    arguments = [argument.replace("models:/models", f"{VOLUME}:/models") for argument in readme]
    assert f"{VOLUME}:/models" in arguments
    return ["--env", f"SD_HUB_ENDPOINT={hub.url}", *more, *arguments]


def environment(token: str) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HUGGING_FACE_HUB_TOKEN": token}


@pytest.mark.usefixtures("volume")
def test_a_first_start_downloads_the_model_and_a_later_one_needs_neither_hub_nor_token(
    hub: FakeHub, clip: bytes, stock: dict[str, list[list[object]]]
) -> None:
    with containers.running(first_start(hub), **environment(TOKEN)):
        containers.wait_until_ready()
        assert segments(containers.diarize(clip)) == stock[""]
        assert f"Serving {COMMUNITY} at {COMMIT}, sha256:" in containers.log()
        scanned = ["\n".join(containers.process_environments()), containers.log(), _volume_content()]
        assert len(containers.process_environments()) >= 10
        assert "SD_MODEL_DIGEST=sha256:" in scanned[0]
        assert all(form not in text for form in secret_leak_scan.encodings(TOKEN) for text in scanned)
    requests_before = len(hub.requests)
    for token in ("hf_revoked0since", ""):
        with containers.running(first_start(hub, "--network", "none"), **environment(token)):
            containers.wait_until_ready()
            assert segments(containers.diarize(clip)) == stock[""]
            assert f"Serving {COMMUNITY} at {COMMIT}, sha256:" in containers.log()
    assert len(hub.requests) == requests_before


def _volume_content() -> str:
    mountpoint = containers.run("volume", "inspect", VOLUME, "--format", "{{.Mountpoint}}").stdout.strip()
    contents = [path.read_bytes().decode("latin-1") for path in Path(mountpoint).rglob("*") if path.is_file()]
    assert len(contents) >= 7
    return "".join(contents)


FAILURES = {
    "an invalid token": ("hf_wrong", "TokenInvalid", "https://huggingface.co/settings/tokens"),
    "terms that are not accepted": (NO_TERMS_TOKEN, "TermsNotAccepted", PAGE),
    "a token of two words": ("hf_a hf_b", "TokenInvalid", "one word"),
    "no token": ("", "TokenMissing", PAGE),
}


@pytest.mark.usefixtures("volume")
@pytest.mark.parametrize("failure", FAILURES)
def test_a_failed_download_ends_the_container_with_reason_and_page(hub: FakeHub, failure: str) -> None:
    token, reason, text = FAILURES[failure]
    with containers.running(first_start(hub, "--env", f"SD_PIPELINE={COMMUNITY}"), **environment(token)):
        assert containers.exit_status() == 1
        log = containers.log().strip()
    assert log.startswith(f"sd-server: {reason}: ")
    assert text in log
    assert "\n" not in log


@pytest.mark.usefixtures("volume")
def test_a_container_that_is_stopped_during_the_download_exits_in_time(hub: FakeHub) -> None:
    hub.requests.clear()
    hub.before_chunk = lambda _: time.sleep(0.5)
    try:
        with containers.running(first_start(hub), **environment(TOKEN)):
            hub.wait_for_cdn_request()
            started_s = time.monotonic()
            containers.run("stop", containers.NAME)
            assert containers.exit_status() == 143
            assert time.monotonic() - started_s < STOP_TIMEOUT_S
    finally:
        hub.before_chunk = lambda _: None


def run_read_only(image: str, *arguments: str, **variables: str) -> str:
    """Return the stdout of a container in which only its volume and /tmp are writable."""
    options = ("--rm", "--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", "--user", "1000:1000")
    env_options = [option for name in variables for option in ("--env", name)]
    argv = ("run", *options, *env_options, "--volume", f"{VOLUME}:/models", image, *arguments)
    completed = containers.run(*argv, PATH=os.environ["PATH"], **variables)
    assert completed.returncode == 0, completed.stdout + completed.stderr
    assert TOKEN not in completed.stdout + completed.stderr
    return completed.stdout


@pytest.mark.usefixtures("volume")
def test_download_export_and_import_run_with_a_read_only_root_file_system(hub: FakeHub) -> None:
    options = ("--pipeline", COMMUNITY, "--revision", COMMIT, "--endpoint", hub.url, "--cache", "/models")
    output = run_read_only(SERVER_IMAGE, "models", "download", *options, HUGGING_FACE_HUB_TOKEN=TOKEN)
    path, digest = json.loads(output)["path"], json.loads(output)["digest"]
    assert path == f"/models/pyannote--speaker-diarization-community-1/{COMMIT}"
    run_read_only(SERVER_IMAGE, "models", "export", "--directory", path, "--archive", "/models/model.tar")
    imported = run_read_only(CLIENT_IMAGE, "model", "import", "/models/model.tar", "/tmp/cache", "--digest", digest)
    assert imported == (
        f"/tmp/cache/pyannote--speaker-diarization-community-1/{COMMIT} contains {COMMUNITY} at {COMMIT}, 17.2 MB.\n"
        f"Its digest is {digest}.\n"
    )
