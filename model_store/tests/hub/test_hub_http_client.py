"""The HTTP client: certificates of a mirror, and a rate limit, which fails the run instead of a long sleep."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest
from sd_harness.hub import fake_hub, hub_faults, hub_models
from sd_harness.hub.hub_models import COMMUNITY
from sd_harness.hub.hub_state import FakeHub
from sd_harness.hub.model_store_command import ModelStoreCommand

RUN_TIMEOUT_S = 40.0


def test_a_mirror_with_a_private_certificate_is_trusted_with_its_bundle(
    command: ModelStoreCommand, tmp_path: Path
) -> None:
    certificate, key = tmp_path / "ca.pem", tmp_path / "key.pem"
    subprocess.run(
        f"openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost "
        f"-keyout {key} -out {certificate}".split(),
        check=True,
        capture_output=True,
    )
    with fake_hub.running({COMMUNITY: hub_models.community()}, fake_hub.tls_context(certificate, key)) as hub:
        untrusted = command.download(hub)
        assert (untrusted.exit_code, untrusted.reason) == (1, "HubUnreachable")
        assert "CA bundle" in untrusted.message
        assert command.download(hub, "--ca-bundle", str(certificate)).exit_code == 0
        invalid = command.download(hub, "--ca-bundle", str(tmp_path / "token"))
        assert (invalid.exit_code, invalid.reason) == (1, "HubUnreachable")
        assert "PEM" in invalid.message


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (None, "cannot be read: No such file"),
        ("", "contains no valid certificates"),
        ("a word", "contains no valid certificates"),
    ],
)
def test_an_invalid_ca_bundle_is_named(
    hub: FakeHub, command: ModelStoreCommand, content: str | None, text: str
) -> None:
    bundle = command.folder / "ca.pem"
    if content is not None:
        bundle.write_text(content)
    run = command.download(hub, "--ca-bundle", str(bundle))
    assert (run.exit_code, run.reason) == (1, "HubUnreachable")
    assert f"The CA bundle {bundle} {text}" in run.message
    assert "Traceback" not in run.stderr
    assert hub.requests == []


def test_a_rate_limit_fails_the_run_without_waiting(hub: FakeHub, command: ModelStoreCommand) -> None:
    fault = hub_faults.error_response(429, path="/segmentation/pytorch_model.bin", Retry_After="3600")
    hub.faults.append(fault)
    started_s = time.monotonic()
    assert command.download(hub).reason == "HubUnreachable"
    assert time.monotonic() - started_s < RUN_TIMEOUT_S
