"""The engine's settings, read once from the environment at the start."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any


class SettingsError(ValueError):
    """A setting is invalid; the message names it and says which values are valid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Each field is read from the environment variable `SD_` followed by the field's name in capitals.

    `adapters` instances of Triton's model connect to the engine; each can send a batch of `max_batch_size` requests.
    """

    run_dir: Path = Path("/run/sd")
    model_dir: Path | None = None
    """Directory of a pyannote pipeline; None = the demo model that ships with the engine."""
    model_digest: str | None = None
    """Digest that the directory's files must have before any of them is loaded; None = not checked."""
    model_name: str = ""
    """The model's name in logs and metrics; empty = the name of its directory."""
    mode: str = "exact"
    device: str = "auto"
    adapters: int = 16
    max_batch_size: int = 16
    preferred_batch_sizes: tuple[int, ...] = (1, 2, 4, 8, 16)
    max_queue_size: int = 16
    """Maximum number of requests in Triton's own queue; Triton rejects more with 503."""
    max_audio_duration_s: int = 4 * 3600
    max_request_bytes: int = 64 * 1024 * 1024
    max_queued_audio_s: int = 8 * 3600
    max_queued_bytes: int | None = None
    """Maximum size of all recordings in flight; None = eight times `max_request_bytes`."""
    http_port: int = 8003
    log_level: str = "INFO"
    triton_metrics_url: str = "http://127.0.0.1:8002/metrics"
    """URL of Triton's metrics, which contain the length of its queue."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Read every field that is set. Unknown `SD_` variables are ignored: other parts of the image read them.

        Raises:
            SettingsError: a value is invalid.
        """
        texts = {field.name: environment.get(f"SD_{field.name.upper()}", "") for field in fields(cls)}
        return cls(**{name: _parse(name, text) for name, text in texts.items() if text})

    def __post_init__(self) -> None:
        for name in _POSITIVE:
            if getattr(self, name) < 1:
                raise SettingsError(f"SD_{name.upper()} is {getattr(self, name)}; it must be at least 1.")
        if too_large := [size for size in self.preferred_batch_sizes if not 1 <= size <= self.max_batch_size]:
            raise SettingsError(
                f"SD_PREFERRED_BATCH_SIZES holds {too_large}; each must lie between 1 and "
                f"SD_MAX_BATCH_SIZE ({self.max_batch_size})."
            )
        if self.mode not in MODES:
            raise SettingsError(f"SD_MODE is {self.mode!r}; it must be one of: {', '.join(MODES)}.")
        if self.log_level not in LOG_LEVELS:
            raise SettingsError(f"SD_LOG_LEVEL is {self.log_level!r}; it must be one of: {', '.join(LOG_LEVELS)}.")
        if not re.fullmatch(r"auto|cpu|cuda(:\d+)?", self.device):
            raise SettingsError(f"SD_DEVICE is {self.device!r}; it must be auto, cpu, cuda, or cuda: and a number.")
        if self.model_digest is not None and not re.fullmatch(r"sha256:[0-9a-f]{64}", self.model_digest):
            raise SettingsError(f"SD_MODEL_DIGEST is {self.model_digest!r}; it must be sha256: and 64 hex digits.")


_POSITIVE = (
    "adapters",
    "max_batch_size",
    "max_audio_duration_s",
    "max_request_bytes",
    "max_queued_audio_s",
)
MODES = ("exact", "fast", "reference")
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


def _parse_sizes(text: str) -> tuple[int, ...]:
    return tuple(int(size) for size in text.split(","))


_PARSERS: dict[str, Callable[[str], Any]] = {
    "run_dir": Path,
    "model_dir": Path,
    "model_digest": str,
    "model_name": str,
    "mode": str,
    "device": str,
    "log_level": str,
    "triton_metrics_url": str,
    "preferred_batch_sizes": _parse_sizes,
}


def _parse(name: str, text: str) -> Any:  # noqa: ANN401 - each field has its own type
    try:
        return _PARSERS.get(name, int)(text)
    except ValueError as error:
        raise SettingsError(f"SD_{name.upper()} is {text!r}, which is not a whole number.") from error
