"""The token is shown to nobody but the hub."""

from __future__ import annotations

import logging
import pickle
from pathlib import Path

import pytest
from sd_harness.hub import hub_faults
from sd_harness.hub.downloader_process import Ended, Supply
from sd_harness.hub.fake_hub import Account, Hub
from sd_model_store import token
from sd_model_store.token import Token

CANARY = "hf_canary0sings0in0no0log"
LOUD = {"HF_DEBUG": "1", "HF_HUB_VERBOSITY": "debug", "HTTPX_LOG_LEVEL": "trace", "PYTHONUNBUFFERED": "1"}


def shown(ended: Ended, supply: Supply) -> str:
    cached = [path.read_bytes().decode("latin-1") for path in supply.cache.rglob("*") if path.is_file()]
    return "".join([ended.stdout, ended.stderr, supply.last_words.read_text(), *cached])


def test_a_download_that_tells_everything_does_not_tell_the_token(hub: Hub, supply: Supply) -> None:
    hub.accounts[CANARY] = Account()
    ended = supply.download(hub, "--log-level", "DEBUG", token=CANARY, **LOUD)
    assert ended.status == 0
    assert "/resolve/" in ended.stderr, "the hub's client does tell what it does"
    assert CANARY not in shown(ended, supply)
    assert {asked.token for asked in hub.asked} == {CANARY, ""}


@pytest.mark.parametrize("status", [400, 401, 403, 404, 416, 429, 500])
def test_nor_does_one_that_fails(hub: Hub, supply: Supply, status: int) -> None:
    hub.faults.append(hub_faults.answers(status, "", f"you sent {status}"))
    ended = supply.download(hub, "--log-level", "DEBUG", token=CANARY, **LOUD)
    assert ended.status == 1
    assert CANARY not in shown(ended, supply)


@pytest.mark.parametrize("given", [f"{CANARY} {CANARY}", f"{CANARY}\n{CANARY}", f"{CANARY}\x00", f"{CANARY}é"])
def test_nor_does_one_that_cannot_use_it(hub: Hub, supply: Supply, given: str) -> None:
    ended = supply.download(hub, "--log-level", "DEBUG", token=given, **LOUD)
    assert ended.reason == "TokenInvalid"
    assert CANARY not in shown(ended, supply)


def test_a_token_is_printed_as_stars(caplog: pytest.LogCaptureFixture) -> None:
    secret = Token(CANARY)
    logging.getLogger("x").warning("%s %r %s", secret, secret, {"token": secret})
    assert f"{secret}{secret!r}{secret:>10}" == "******Token(******)    ******"
    assert CANARY not in caplog.text
    assert secret.reveal() == CANARY
    with pytest.raises(TypeError, match="not written down"):
        pickle.dumps(secret)


def test_a_token_does_not_stay_in_the_environment(tmp_path: Path) -> None:
    environment = {token.VARIABLE: CANARY, "OTHER": "x"}
    found = token.find(None, environment)
    assert found is not None
    assert found.reveal() == CANARY
    assert environment == {"OTHER": "x"}
    (tmp_path / "token").write_text("hf_file\n")
    environment[token.VARIABLE] = CANARY
    of_file = token.find(tmp_path / "token", environment)
    assert of_file is not None
    assert of_file.reveal() == "hf_file"
    assert environment == {"OTHER": "x"}
