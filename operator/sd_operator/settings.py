"""The operator's own settings: what the chart tells it through the environment, read once."""

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
"""As they lie in this project."""


class SettingsError(ValueError):
    """A setting that the operator cannot start with; its text says which one and what would be right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """What the operator was installed with and every service's children are made of."""

    server_image: str
    """The engine's image of a service that names none of its own."""
    triton_image: str = DEFAULT_TRITON_IMAGE
    namespace: str = "sd-triton"
    """Where the operator runs: it asks the pods how busy they are."""
    metrics_namespaces: tuple[str, ...] = ()
    """Namespaces whose pods may read the services' metrics: Prometheus's, KEDA's."""
    runbooks_url: str = RUNBOOKS
    """Where the alerts' pages are, each called as its alert in lower case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that can be set; each field's variable is named in `from_environment`."""

    installation: Installation
    health_port: int
    resync_s: float
    """How often everything is listed and looked at again: watches lose deletions."""
    workers: int
    log_level: str
    log_format: Literal["text", "json"]
    identity: str
    """Who holds the Lease: the pod's name. A container that is restarted in its pod goes on with what it held."""
    lease: str
    """The name of the Lease, in the namespace in which the operator runs."""
    namespaces: tuple[str, ...]
    """The namespaces that are watched; none: all."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Reads the variables.

        Raises:
            SettingsError: one is missing, or is not what it must be.
        """
        if not (server := environment.get("SD_SERVER_IMAGE")):
            raise SettingsError("SD_SERVER_IMAGE is not set; it must name the image of sd-triton-server.")
        return cls(
            installation=Installation(
                server_image=server,
                triton_image=environment.get("SD_TRITON_IMAGE") or DEFAULT_TRITON_IMAGE,
                namespace=environment.get("SD_NAMESPACE") or "sd-triton",
                metrics_namespaces=_names(environment, "SD_METRICS_NAMESPACES"),
                runbooks_url=environment.get("SD_RUNBOOKS_URL") or RUNBOOKS,
            ),
            health_port=int(_number(environment, "SD_HEALTH_PORT", 8080)),
            resync_s=_number(environment, "SD_RESYNC_SECONDS", 300),
            workers=int(_number(environment, "SD_WORKERS", 8)),
            log_level=_one_of(environment, "SD_LOG_LEVEL", ("INFO", "DEBUG", "WARNING", "ERROR")),
            log_format="json" if _one_of(environment, "SD_LOG_FORMAT", ("text", "json")) == "json" else "text",
            identity=environment.get("SD_IDENTITY") or f"{platform.node()}-{uuid.uuid4().hex[:8]}",
            lease=environment.get("SD_LEASE") or "sd-triton-operator",
            namespaces=_namespaces(environment, "SD_WATCH_NAMESPACES"),
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


def _names(environment: Mapping[str, str], name: str) -> tuple[str, ...]:
    """Comma-separated names, in order, each once."""
    return tuple(sorted({each.strip() for each in environment.get(name, "").split(",")} - {""}))


def _namespaces(environment: Mapping[str, str], name: str) -> tuple[str, ...]:
    names = _names(environment, name)
    if wrong := [each for each in names if not _NAMESPACE.match(each)]:
        raise SettingsError(f"{name} holds {wrong[0]!r}, which is no namespace's name.")
    return names


def _one_of(environment: Mapping[str, str], name: str, choices: tuple[str, ...]) -> str:
    """The first is the default."""
    text = environment.get(name) or choices[0]
    if text not in choices:
        raise SettingsError(f"{name} is {text!r}; it must be one of: {', '.join(choices)}.")
    return text
