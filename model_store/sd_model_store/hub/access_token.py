"""The hub's access token, which is hidden in logs and tracebacks."""

from __future__ import annotations

from collections.abc import MutableMapping
from pathlib import Path

from sd_model_store.errors import TokenInvalidError, TokenMissingError

VARIABLE = "HUGGING_FACE_HUB_TOKEN"
"""For a single host without Secrets; in a cluster, the token is always a file."""


class AccessToken:
    """An access token whose string representations show ******."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the plain token, for the Authorization header."""
        return self._value

    def __repr__(self) -> str:
        return "AccessToken(******)"

    def __str__(self) -> str:
        return "******"

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)

    def __reduce__(self) -> str:
        raise TypeError("An access token cannot be pickled.")


def find(file: Path | None, environment: MutableMapping[str, str]) -> AccessToken | None:
    """Return the token in `file`, or else the one in the environment, from which it is removed; None = no token.

    Raises:
        TokenMissingError: The file cannot be read or is empty.
        TokenInvalidError: The value has characters that no token has.
    """
    value = environment.pop(VARIABLE, "").strip()
    if file is not None:
        value = _read(file)
    if not value:
        return None
    # The message must not contain any part of the value: it may include a valid token.
    if not (value.isascii() and value.isprintable() and " " not in value):
        raise TokenInvalidError(
            f"The value in {file or VARIABLE} is not an access token: a token is one word of letters, digits, _ and -. "
            "Store only the token in the Secret."
        )
    return AccessToken(value)


def _read(file: Path) -> str:
    try:
        text = file.read_text(errors="replace").strip()
    except OSError as error:
        raise TokenMissingError(f"The token file {file} cannot be read: {error.strerror}.") from error
    if not text:
        raise TokenMissingError(f"The token file {file} is empty. Store an access token in the Secret's key.")
    return text
