"""The access token is sent to the hub only, and appears in no output, log or file."""

from __future__ import annotations

import logging
import pickle
from pathlib import Path

import pytest
from sd_harness.hub import hub_faults
from sd_harness.hub.hub_state import GOOD_TOKEN, Account, FakeHub
from sd_harness.hub.model_store_command import CompletedRun, ModelStoreCommand
from sd_model_store.hub import access_token
from sd_model_store.hub.access_token import AccessToken

SECRET = "hf_secret0of0the0leak0scan"  # noqa: S105 - of a test
VERBOSE = {"HF_DEBUG": "1", "HF_HUB_VERBOSITY": "debug", "HTTPX_LOG_LEVEL": "trace", "PYTHONUNBUFFERED": "1"}


def all_output(run: CompletedRun, command: ModelStoreCommand) -> str:
    cached = [path.read_bytes().decode("latin-1") for path in command.cache.rglob("*") if path.is_file()]
    return "".join([run.stdout, run.stderr, command.termination_log.read_text(), *cached])


def test_a_verbose_download_does_not_log_the_token(hub: FakeHub, command: ModelStoreCommand) -> None:
    hub.accounts[SECRET] = Account()
    run = command.download(hub, "--log-level", "DEBUG", token=SECRET, **VERBOSE)
    assert run.exit_code == 0
    assert "/resolve/" in run.stderr, "the hub's client does log its requests"
    assert SECRET not in all_output(run, command)
    assert {request.token for request in hub.requests} == {SECRET, ""}


@pytest.mark.parametrize("status", [400, 401, 403, 404, 416, 429, 500])
def test_a_failed_download_does_not_log_the_token(hub: FakeHub, command: ModelStoreCommand, status: int) -> None:
    hub.faults.append(hub_faults.error_response(status, "", f"you sent {status}"))
    run = command.download(hub, "--log-level", "DEBUG", token=SECRET, **VERBOSE)
    assert run.exit_code == 1
    assert SECRET not in all_output(run, command)


@pytest.mark.parametrize("value", [f"{SECRET} {SECRET}", f"{SECRET}\n{SECRET}", f"{SECRET}\x00", f"{SECRET}é"])
def test_the_error_about_an_invalid_token_does_not_contain_it(
    hub: FakeHub, command: ModelStoreCommand, value: str
) -> None:
    run = command.download(hub, "--log-level", "DEBUG", token=value, **VERBOSE)
    assert run.reason == "TokenInvalid"
    assert SECRET not in all_output(run, command)


def test_a_token_is_printed_as_asterisks(caplog: pytest.LogCaptureFixture) -> None:
    token = AccessToken(SECRET)
    logging.getLogger("x").warning("%s %r %s", token, token, {"token": token})
    assert f"{token}{token!r}{token:>10}" == "******AccessToken(******)    ******"
    assert SECRET not in caplog.text
    assert token.reveal() == SECRET
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(token)


def test_a_token_is_removed_from_the_environment(tmp_path: Path) -> None:
    environment = {access_token.VARIABLE: SECRET, "OTHER": "x"}
    from_environment = access_token.find(None, environment)
    assert from_environment is not None
    assert from_environment.reveal() == SECRET
    assert environment == {"OTHER": "x"}
    (tmp_path / "token").write_text("hf_file\n")
    environment[access_token.VARIABLE] = SECRET
    from_file = access_token.find(tmp_path / "token", environment)
    assert from_file is not None
    assert from_file.reveal() == "hf_file"
    assert environment == {"OTHER": "x"}


def test_a_missing_token_file_is_a_missing_token(hub: FakeHub, command: ModelStoreCommand) -> None:
    run = command.download(hub, "--token-file", "/nowhere/token", token=None)
    assert (run.exit_code, run.reason) == (1, "TokenMissing")
    assert "/nowhere/token" in run.message


def test_the_token_can_be_set_by_an_environment_variable(hub: FakeHub, command: ModelStoreCommand) -> None:
    assert command.download(hub, token=None, HUGGING_FACE_HUB_TOKEN=GOOD_TOKEN).exit_code == 0
