"""The error response in tritonclient's exception, with types."""

# tritonclient has no type annotations; only typed values leave this module.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownArgumentType=false

from __future__ import annotations

from dataclasses import dataclass

from tritonclient.utils import InferenceServerException


@dataclass(frozen=True, slots=True)
class ErrorResponse:
    """`status` is the HTTP status or the name of the gRPC status (`503`, `UNAVAILABLE`)."""

    status: str
    message: str

    @classmethod
    def from_http(cls, error: InferenceServerException) -> ErrorResponse:
        """Read an HTTP error; it has `debug_details` only if its body is not Triton's JSON."""
        if error.debug_details() is None:
            return cls(str(error.status()), str(error.message()))
        return cls(str(error.status()), "the response is not Triton's; is this the URL of the service?")

    @classmethod
    def from_grpc(cls, error: InferenceServerException) -> ErrorResponse:
        """Read a gRPC error."""
        return cls(str(error.status()).removeprefix("StatusCode."), str(error.message()))
