"""Where the service is: `http://host:port`, `https://…`, `grpc://host:port` or `grpcs://…`."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from sd_client.errors import UrlError

DEFAULT_URL = "http://localhost:8700"
_SCHEMES = ("http", "https", "grpc", "grpcs")


@dataclass(frozen=True, slots=True)
class ServiceUrl:
    """A URL that has been read; `location` is host, port and path without the scheme, as tritonclient wants it."""

    scheme: str
    location: str

    @classmethod
    def parse(cls, url: str) -> ServiceUrl:
        """Reads a URL.

        Raises:
            UrlError: the URL has no scheme that is known here, no host, or a port that is none.
        """
        scheme, separator, location = url.strip().partition("://")
        if not separator or scheme not in _SCHEMES or not _names_a_host(url):
            raise UrlError(f"{url!r} is not a service's URL; write it like {DEFAULT_URL} or grpc://localhost:8701.")
        return cls(scheme, location.rstrip("/"))

    @property
    def is_grpc(self) -> bool:
        return self.scheme.startswith("grpc")

    @property
    def is_encrypted(self) -> bool:
        return self.scheme.endswith("s")

    def __str__(self) -> str:
        return f"{self.scheme}://{self.location}"


def _names_a_host(url: str) -> bool:
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname, parts.port
    except ValueError:
        return False
    return host is not None and port != 0
