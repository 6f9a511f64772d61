"""The error of a request that receives no timeline."""

import wire


class RequestError(Exception):
    """A failed request; `code` is one of the error codes of `wire`, and the message is for the caller."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def invalid_argument(message: str) -> RequestError:
    """Return the error of a request that its caller must change."""
    return RequestError(wire.INVALID_ARGUMENT, message)
