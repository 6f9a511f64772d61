"""Logging of the operator: one record per line, as text or as JSON."""

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

TEXT_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(prefix)s%(message)s"
_service: ContextVar[str] = ContextVar("service", default="")


@contextmanager
def service_context(key: Key) -> Generator[None]:
    """Add the service's key to every record that is logged in this context, including by tasks started in it."""
    token = _service.set(str(key))
    try:
        yield
    finally:
        _service.reset(token)


class JsonFormatter(logging.Formatter):
    """Formats a record as a JSON object: time, level, logger, message, and `service` and `error` if present."""

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


def _add_service(record: logging.LogRecord) -> bool:
    service = _service.get()
    record.service, record.prefix = service, f"{service}: " if service else ""
    return True


def _is_relevant(record: logging.LogRecord) -> bool:
    """Return False for kopf's records, which report each retry of a watch as an error; the operator logs outages once.

    A forbidden watch is relevant, because kopf retries it forever and nothing else reports it.
    """
    return not record.name.startswith("kopf.") or "APIForbiddenError" in record.getMessage()


def set_up(level: str, log_format: Format) -> None:
    """Log to standard error, including an exception that terminates the process."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if log_format == "json" else logging.Formatter(TEXT_FORMAT))
    handler.addFilter(_add_service)
    logging.basicConfig(level=level, handlers=[handler], force=True)
    handler.addFilter(_is_relevant)
    logging.getLogger("kopf").setLevel(logging.ERROR)
    sys.excepthook = lambda kind, error, trace: logging.getLogger("sd_operator").critical(
        "The operator terminates because of an unexpected error.", exc_info=(kind, error, trace)
    )
