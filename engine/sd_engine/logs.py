"""The engine's log: one event a line on stderr, as key=value; never anything that was said in a recording."""

from __future__ import annotations

import json
import logging
import re
import sys

_LOGGER = logging.getLogger("sd_engine")
_PLAIN = re.compile(r"[\w.:/@+-]+")


def start(level: str) -> None:
    """Sends the engine's own events to stderr."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("time=%(asctime)s level=%(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%S%z"))
    _LOGGER.addHandler(handler)
    _LOGGER.setLevel(level)
    _LOGGER.propagate = False


def event(name: str, **fields: object) -> None:
    _LOGGER.info(_line(name, fields))


def failure(name: str, error: BaseException, **fields: object) -> None:
    """An event that somebody must look into, with its traceback."""
    _LOGGER.error(_line(name, fields), exc_info=error)


def _line(name: str, fields: dict[str, object]) -> str:
    return " ".join([f"event={name}", *(f"{key}={_value(value)}" for key, value in fields.items())])


def _value(value: object) -> str:
    """Quoted where needed: a request's id comes from outside and must not forge a second line."""
    text = f"{value:.3f}" if isinstance(value, float) else str(value)
    return text if _PLAIN.fullmatch(text) else json.dumps(text)
