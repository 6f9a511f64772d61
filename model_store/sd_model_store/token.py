"""The hub's access token, which is shown to nobody but the hub."""

from __future__ import annotations

from collections.abc import MutableMapping
from pathlib import Path

from sd_model_store.errors import TokenInvalidError, TokenMissingError

VARIABLE = "HUGGING_FACE_HUB_TOKEN"
"""Read on a single host, where there is no Secret to mount; in a cluster the token is always a file."""


class Token:
    """Holds a token; printing it, in a log or in a traceback, shows ******."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The token itself, for the Authorization header."""
        return self._value

    def __repr__(self) -> str:
        return "Token(******)"

    def __str__(self) -> str:
        return "******"

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)

    def __reduce__(self) -> str:
        raise TypeError("A token is not written down.")


def find(file: Path | None, environment: MutableMapping[str, str]) -> Token | None:
    """The token in `file`, else the one in the environment, where it does not stay; None = nobody gave one.

    Raises:
        TokenMissingError: there is a file to read and no token in it.
        TokenInvalidError: what was given cannot be a token.
    """
    given = environment.pop(VARIABLE, "").strip()
    if file is not None:
        given = _read(file)
    if not given:
        return None
    # The sentence must not hold a single character of it: it may be a good token with something typed behind it.
    if not (given.isascii() and given.isprintable() and " " not in given):
        raise TokenInvalidError(
            f"What {file or VARIABLE} holds cannot be a token: a token is one word of letters, digits, _ and -. "
            "Put the token, and nothing else, into the secret."
        )
    return Token(given)


def _read(file: Path) -> str:
    try:
        text = file.read_text(errors="replace").strip()
    except OSError as error:
        raise TokenMissingError(f"The token's file {file} cannot be read: {error.strerror}.") from error
    if not text:
        raise TokenMissingError(f"The token's file {file} is empty. Put a token into the secret's key.")
    return text
