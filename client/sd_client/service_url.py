"""The URL of a service: `http://host:port`, `https://…`, `grpc://host:port` or `grpcs://…`."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from sd_client.errors import UrlError

DEFAULT_URL = "http://localhost:8700"
_SCHEMES = ("http", "https", "grpc", "grpcs")


@dataclass(frozen=True, slots=True)
class ServiceUrl:
    """A parsed URL; `location` is host, port and path without the scheme, as tritonclient expects it."""

    scheme: str
    location: str

    @classmethod
    def parse(cls, url: str) -> ServiceUrl:
        """Parse a URL.

        Raises:
            UrlError: the scheme is unknown, the host is missing, or the port is invalid.
        """
        scheme, separator, location = url.strip().partition("://")
        if not separator or scheme not in _SCHEMES or not _has_host(url):
            raise UrlError(f"{url!r} is not a service's URL; write it like {DEFAULT_URL} or grpc://localhost:8701.")
        return cls(scheme, location.rstrip("/"))

    @property
    def is_grpc(self) -> bool:
        """True for gRPC, False for HTTP."""
        return self.scheme.startswith("grpc")

    @property
    def is_encrypted(self) -> bool:
        """True if the connection uses TLS."""
        return self.scheme.endswith("s")

    def __str__(self) -> str:
        return f"{self.scheme}://{self.location}"


def _has_host(url: str) -> bool:
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname, parts.port
    except ValueError:
        return False
    return host is not None and port != 0
