"""The operator's settings, read once from the environment variables that the chart sets."""

from __future__ import annotations

import platform
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

DEFAULT_TRITON_IMAGE = "nvcr.io/nvidia/tritonserver:26.07-py3"
"""The oldest stock Triton without a known critical vulnerability."""

_NAMESPACE = re.compile(r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$")

RUNBOOKS = "docs/runbooks"
"""Path of the runbooks in this repository."""


class SettingsError(ValueError):
    """A setting is missing or invalid; the text names it and the accepted values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """Settings of the installation that the children of every service depend on."""

    server_image: str
    """Image of the engine for services that set none."""
    triton_image: str = DEFAULT_TRITON_IMAGE
    """Image of Triton for services that set none."""
    namespace: str = "sd-triton"
    """The operator's namespace; its pods may read the metrics of the engines."""
    metrics_namespaces: tuple[str, ...] = ()
    """Namespaces whose pods may read the services' metrics, such as those of Prometheus and KEDA."""
    runbooks_url: str = RUNBOOKS
    """Base URL of the runbooks; the name of each is its alert's in lower case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings of the operator."""

    installation: Installation
    health_port: int
    resync_s: float
    """Interval at which all objects are listed and all services reconciled, because watches can miss deletions."""
    workers: int
    """Maximum number of concurrent reconciles."""
    log_level: str
    log_format: Literal["text", "json"]
    identity: str
    """Holder identity in the Lease: the pod's name, so that a restarted container of the pod keeps the Lease."""
    lease: str
    """Name of the Lease, in the operator's namespace."""
    namespaces: tuple[str, ...]
    """Watched namespaces; empty for all."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Read the settings from environment variables.

        Raises:
            SettingsError: a variable is missing or invalid.
        """
        if not (server_image := environment.get("SD_SERVER_IMAGE")):
            raise SettingsError("SD_SERVER_IMAGE is not set; it must name the image of sd-triton-server.")
        return cls(
            installation=Installation(
                server_image=server_image,
                triton_image=environment.get("SD_TRITON_IMAGE") or DEFAULT_TRITON_IMAGE,
                namespace=environment.get("SD_NAMESPACE") or "sd-triton",
                metrics_namespaces=_names(environment, "SD_METRICS_NAMESPACES"),
                runbooks_url=environment.get("SD_RUNBOOKS_URL") or RUNBOOKS,
            ),
            health_port=int(_positive_number(environment, "SD_HEALTH_PORT", 8080)),
            resync_s=_positive_number(environment, "SD_RESYNC_SECONDS", 300),
            workers=int(_positive_number(environment, "SD_WORKERS", 8)),
            log_level=_choice(environment, "SD_LOG_LEVEL", ("INFO", "DEBUG", "WARNING", "ERROR")),
            log_format="json" if _choice(environment, "SD_LOG_FORMAT", ("text", "json")) == "json" else "text",
            identity=environment.get("SD_IDENTITY") or f"{platform.node()}-{uuid.uuid4().hex[:8]}",
            lease=environment.get("SD_LEASE") or "sd-triton-operator",
            namespaces=_namespaces(environment, "SD_WATCH_NAMESPACES"),
        )


def _positive_number(environment: Mapping[str, str], name: str, default: float) -> float:
    text = environment.get(name) or str(default)
    try:
        number = float(text)
    except ValueError as error:
        raise SettingsError(f"{name} is {text!r}, which is not a number.") from error
    if number <= 0:
        raise SettingsError(f"{name} is {text}; it must be above zero.")
    return number


def _names(environment: Mapping[str, str], name: str) -> tuple[str, ...]:
    """Distinct comma-separated names, sorted."""
    return tuple(sorted({each.strip() for each in environment.get(name, "").split(",")} - {""}))


def _namespaces(environment: Mapping[str, str], name: str) -> tuple[str, ...]:
    names = _names(environment, name)
    if invalid := [each for each in names if not _NAMESPACE.match(each)]:
        raise SettingsError(f"{name} contains {invalid[0]!r}, which is not a valid namespace name.")
    return names


def _choice(environment: Mapping[str, str], name: str, choices: tuple[str, ...]) -> str:
    """The variable's value; the first choice is the default."""
    text = environment.get(name) or choices[0]
    if text not in choices:
        raise SettingsError(f"{name} is {text!r}; it must be one of: {', '.join(choices)}.")
    return text
