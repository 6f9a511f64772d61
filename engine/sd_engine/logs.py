"""The engine's log: one event per line on stderr, as key=value pairs. It never contains the content of a recording."""

from __future__ import annotations

import json
import logging
import re
import sys

_LOGGER = logging.getLogger("sd_engine")
_UNQUOTED = re.compile(r"[\w.:/@+-]+")


def start(level: str) -> None:
    """Write events of at least `level` to stderr."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("time=%(asctime)s level=%(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%S%z"))
    _LOGGER.addHandler(handler)
    _LOGGER.setLevel(level)
    _LOGGER.propagate = False


def event(name: str, **fields: object) -> None:
    """Log an event."""
    _LOGGER.info(_line(name, fields))


def failure(name: str, error: BaseException, **fields: object) -> None:
    """Log an unexpected error with its traceback."""
    _LOGGER.error(_line(name, fields), exc_info=error)


def _line(name: str, fields: dict[str, object]) -> str:
    return " ".join([f"event={name}", *(f"{key}={_value(value)}" for key, value in fields.items())])


def _value(value: object) -> str:
    """Return the value, quoted if needed: a request's id comes from the caller and must not add a line to the log."""
    text = f"{value:.3f}" if isinstance(value, float) else str(value)
    return text if _UNQUOTED.fullmatch(text) else json.dumps(text)
