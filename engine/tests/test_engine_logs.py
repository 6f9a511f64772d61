"""The engine's log lines: key=value pairs that no value can break out of."""

from __future__ import annotations

import subprocess
import sys

import pytest

LOG = "from sd_engine import logs; logs.start({level!r}); {call}"


def log(call: str, level: str = "INFO") -> str:
    """Return what a call logs in a process of its own, as the log's handler stays for a process's life."""
    code = LOG.format(level=level, call=call)
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return run.stderr


@pytest.mark.parametrize(
    ("call", "line"),
    [
        ("logs.event('ready')", "event=ready"),
        ("logs.event('ready', after_s=1.23456, device='cuda:0')", "event=ready after_s=1.235 device=cuda:0"),
        (r"logs.event('diarized', id='a b\nevent=forged')", r'event=diarized id="a b\nevent=forged"'),
        ("logs.event('diarized', id='')", 'event=diarized id=""'),
    ],
)
def test_an_event_is_one_line(call: str, line: str) -> None:
    time, level, text = log(call).rstrip("\n").split(" ", 2)

    assert time.startswith("time=20")
    assert (level, text) == ("level=INFO", line)


def test_a_failure_has_its_traceback() -> None:
    lines = log("logs.failure('failed', ValueError('wrong'), id=7)", level="ERROR").splitlines()

    assert lines[0].endswith("level=ERROR event=failed id=7")
    assert lines[-1] == "ValueError: wrong"


def test_events_below_the_level_are_not_logged() -> None:
    assert log("logs.event('ready')", level="WARNING") == ""
