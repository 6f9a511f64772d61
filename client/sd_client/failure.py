"""What tritonclient's one exception says, in typed words."""

# tritonclient carries no types; only typed values leave this file.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownArgumentType=false

from __future__ import annotations

from dataclasses import dataclass

from tritonclient.utils import InferenceServerException


@dataclass(frozen=True, slots=True)
class Failure:
    """`status` is HTTP's number or gRPC's name (`503`, `UNAVAILABLE`); `sentence` is the service's own."""

    status: str
    sentence: str

    @classmethod
    def over_http(cls, error: InferenceServerException) -> Failure:
        """Reads an HTTP failure; `debug_details` is there only where the body is not Triton's JSON."""
        if error.debug_details() is None:
            return cls(str(error.status()), str(error.message()))
        return cls(str(error.status()), "not in Triton's words; is this the URL of the service?")

    @classmethod
    def over_grpc(cls, error: InferenceServerException) -> Failure:
        return cls(str(error.status()).removeprefix("StatusCode."), str(error.message()))
