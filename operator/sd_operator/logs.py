"""What the operator says: one line for each thing, as text for people or as JSON for whoever collects it."""

import json
import logging
import sys
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Literal

from sd_operator.kube.cache import Key

Format = Literal["text", "json"]

TEXT = "%(asctime)s %(levelname)s %(name)s: %(subject)s%(message)s"
_service: ContextVar[str] = ContextVar("service", default="")


@contextmanager
def about(key: Key) -> Generator[None]:
    """Whatever is logged inside, also by tasks that are started there, names the service."""
    token = _service.set(str(key))
    try:
        yield
    finally:
        _service.reset(token)


class JsonLines(logging.Formatter):
    """Each record a JSON object: time, level, logger, message, and `service` and `error` where there are such."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if service := getattr(record, "service", ""):
            line["service"] = service
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def _name_the_service(record: logging.LogRecord) -> bool:
    service = _service.get()
    record.service, record.subject = service, f"{service}: " if service else ""
    return True


def _is_worth_saying(record: logging.LogRecord) -> bool:
    """To kopf each retry of each watch is an error. That the API server is away is said elsewhere, and once.

    A watch that is forbidden is tried for ever, and only kopf knows of it.
    """
    return not record.name.startswith("kopf.") or "APIForbiddenError" in record.getMessage()


def set_up(level: str, form: Format) -> None:
    """Everything goes to standard error, also what ends the process."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if form == "json" else logging.Formatter(TEXT))
    handler.addFilter(_name_the_service)
    logging.basicConfig(level=level, handlers=[handler], force=True)
    handler.addFilter(_is_worth_saying)
    logging.getLogger("kopf").setLevel(logging.ERROR)
    sys.excepthook = lambda kind, error, trace: logging.getLogger("sd_operator").critical(
        "The operator ends because of a fault of its own.", exc_info=(kind, error, trace)
    )
