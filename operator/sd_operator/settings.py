"""The operator's own settings: what the chart tells it through the environment, read once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

DEFAULT_TRITON_IMAGE = "nvcr.io/nvidia/tritonserver:26.07-py3"
"""The oldest stock Triton without a known critical vulnerability."""


class SettingsError(ValueError):
    """A setting that the operator cannot start with; its text says which one and what would be right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServingImages:
    """The images of a service that names none of its own."""

    server: str
    triton: str = DEFAULT_TRITON_IMAGE


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that can be set; each field's variable is named in `from_environment`."""

    images: ServingImages
    health_port: int
    resync_s: float
    """How often everything is listed and looked at again: watches lose deletions."""
    workers: int
    log_level: str

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Reads the variables.

        Raises:
            SettingsError: one is missing, or is not what it must be.
        """
        if not (server := environment.get("SD_SERVER_IMAGE")):
            raise SettingsError("SD_SERVER_IMAGE is not set; it must name the image of sd-triton-server.")
        return cls(
            images=ServingImages(server=server, triton=environment.get("SD_TRITON_IMAGE") or DEFAULT_TRITON_IMAGE),
            health_port=int(_number(environment, "SD_HEALTH_PORT", 8080)),
            resync_s=_number(environment, "SD_RESYNC_SECONDS", 300),
            workers=int(_number(environment, "SD_WORKERS", 8)),
            log_level=environment.get("SD_LOG_LEVEL") or "INFO",
        )


def _number(environment: Mapping[str, str], name: str, default: float) -> float:
    text = environment.get(name) or str(default)
    try:
        number = float(text)
    except ValueError as error:
        raise SettingsError(f"{name} is {text!r}, which is not a number.") from error
    if number <= 0:
        raise SettingsError(f"{name} is {text}; it must be above zero.")
    return number
