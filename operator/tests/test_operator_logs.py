"""Each line says when, how bad, who, what, and about which service."""

import json
import logging
import subprocess
import sys

import pytest
from sd_operator.kube.cache import Key
from sd_operator.logs import about, set_up

logger = logging.getLogger("sd_operator.test")


@pytest.fixture(autouse=True)
def own_handlers(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test sets up ends with it."""
    monkeypatch.setattr(logging.root, "handlers", [])
    monkeypatch.setattr(logging.root, "level", logging.WARNING)
    monkeypatch.setattr(sys, "excepthook", sys.__excepthook__)


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, str]]:
    """What was said, without when."""
    said = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert all(each.pop("time").endswith("+00:00") for each in said)
    return said


def test_a_json_line_holds_what_is_known(capsys: pytest.CaptureFixture[str]) -> None:
    set_up("INFO", "json")
    logger.info("Begun with %s.", "é")
    with about(Key("default", "demo")):
        logger.warning("Refused.")
    assert lines(capsys) == [
        {"level": "INFO", "logger": "sd_operator.test", "message": "Begun with é."},
        {"level": "WARNING", "logger": "sd_operator.test", "message": "Refused.", "service": "default/demo"},
    ]


def test_an_error_is_one_line_with_its_trace(capsys: pytest.CaptureFixture[str]) -> None:
    set_up("INFO", "json")
    logger.error("Failed.", exc_info=ValueError("two\nlines"))
    [line] = lines(capsys)
    assert line["error"] == "ValueError: two\nlines"


def test_text_names_the_service_too(capsys: pytest.CaptureFixture[str]) -> None:
    set_up("INFO", "text")
    with about(Key("default", "demo")):
        logger.warning("Refused.")
    logger.info("Done.")
    first, second = capsys.readouterr().err.splitlines()
    assert first.endswith("WARNING sd_operator.test: default/demo: Refused.")
    assert second.endswith("INFO sd_operator.test: Done.")


def test_kopf_is_only_heard_when_a_watch_is_forbidden(capsys: pytest.CaptureFixture[str]) -> None:
    set_up("INFO", "json")
    kopf = logging.getLogger("kopf._cogs.clients.watching")
    kopf.info("Starting the watch-stream.")
    kopf.error("Request attempt #1 failed; will retry: GET /a -> ClientConnectorError()")
    kopf.error("Request attempt #1 failed; will retry: GET /a -> APIForbiddenError('pods is forbidden')")
    assert ["APIForbiddenError" in line["message"] for line in lines(capsys)] == [True]


def test_what_ends_the_process_is_a_line_too() -> None:
    code = "from sd_operator.logs import set_up; set_up('INFO', 'json'); 1 / 0"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    line = json.loads(done.stderr)
    assert (done.returncode, line["level"], line["message"]) == (
        1, "CRITICAL", "The operator ends because of a fault of its own.",
    )  # fmt: skip
    assert "ZeroDivisionError" in line["error"]
