"""Each line holds time, level, logger and message, and the service that it concerns."""

import json
import logging
import subprocess
import sys

import pytest
from sd_operator.kube.cache import Key
from sd_operator.logs import service_context, set_up

logger = logging.getLogger("sd_operator.test")


@pytest.fixture(autouse=True)
def isolated_logging(monkeypatch: pytest.MonkeyPatch) -> None:
    """Restore the logging configuration after each test."""
    monkeypatch.setattr(logging.root, "handlers", [])
    monkeypatch.setattr(logging.root, "level", logging.WARNING)
    monkeypatch.setattr(sys, "excepthook", sys.__excepthook__)


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, str]]:
    """The logged JSON objects, without their timestamps."""
    logged = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert all(each.pop("time").endswith("+00:00") for each in logged)
    return logged


def test_a_json_line_holds_the_fields_of_the_record(capsys: pytest.CaptureFixture[str]) -> None:
    set_up("INFO", "json")
    logger.info("Started with %s.", "é")
    with service_context(Key("default", "demo")):
        logger.warning("Rejected.")
    assert lines(capsys) == [
        {"level": "INFO", "logger": "sd_operator.test", "message": "Started with é."},
        {"level": "WARNING", "logger": "sd_operator.test", "message": "Rejected.", "service": "default/demo"},
    ]


def test_an_error_is_one_line_with_its_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    set_up("INFO", "json")
    logger.error("Failed.", exc_info=ValueError("two\nlines"))
    [line] = lines(capsys)
    assert line["error"] == "ValueError: two\nlines"


def test_a_text_line_names_the_service(capsys: pytest.CaptureFixture[str]) -> None:
    set_up("INFO", "text")
    with service_context(Key("default", "demo")):
        logger.warning("Rejected.")
    logger.info("Done.")
    first, second = capsys.readouterr().err.splitlines()
    assert first.endswith("WARNING sd_operator.test: default/demo: Rejected.")
    assert second.endswith("INFO sd_operator.test: Done.")


def test_kopfs_records_are_dropped_unless_a_watch_is_forbidden(capsys: pytest.CaptureFixture[str]) -> None:
    set_up("INFO", "json")
    kopf = logging.getLogger("kopf._cogs.clients.watching")
    kopf.info("Starting the watch-stream.")
    kopf.error("Request attempt #1 failed; will retry: GET /a -> ClientConnectorError()")
    kopf.error("Request attempt #1 failed; will retry: GET /a -> APIForbiddenError('pods is forbidden')")
    assert ["APIForbiddenError" in line["message"] for line in lines(capsys)] == [True]


def test_an_exception_that_terminates_the_process_is_logged() -> None:
    code = "from sd_operator.logs import set_up; set_up('INFO', 'json'); 1 / 0"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    line = json.loads(done.stderr)
    assert (done.returncode, line["level"], line["message"]) == (
        1, "CRITICAL", "The operator terminates because of an unexpected error.",
    )  # fmt: skip
    assert "ZeroDivisionError" in line["error"]
