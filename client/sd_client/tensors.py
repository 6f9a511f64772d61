"""Conversion of a request into tritonclient's tensors and of its result into text, for HTTP and gRPC."""

# tritonclient has no type annotations; its values are checked here, and only typed values leave this module.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from sd_client.errors import InvalidResponseError
from sd_client.request import RESULT, DiarizationRequest


class Input(Protocol):
    """The common interface of tritonclient's `InferInput` classes."""

    def set_data_from_numpy(self, input_tensor: NDArray[np.object_], /) -> object: ...


class Result(Protocol):
    """The common interface of tritonclient's `InferResult` classes."""

    def as_numpy(self, name: str, /) -> NDArray[np.object_] | None: ...


InputT = TypeVar("InputT", bound=Input)


def inputs(new_input: Callable[[str, list[int], str], InputT], request: DiarizationRequest) -> list[InputT]:
    """Return the request's tensors, created by `new_input(name, shape, datatype)`."""
    return [_input(new_input(name, [1, 1], "BYTES"), content) for name, content in request.tensors.items()]


def _input(tensor: InputT, content: bytes) -> InputT:
    tensor.set_data_from_numpy(np.array([[content]], dtype=np.object_))
    return tensor


def result_text(result: Result | None) -> bytes:
    """Return the JSON text of the result.

    Raises:
        InvalidResponseError: there is no such result, or it is not a single text.
    """
    tensor = None if result is None else result.as_numpy(RESULT)
    if tensor is None or tensor.size != 1 or not isinstance(text := tensor.item(), (bytes, str)):
        raise InvalidResponseError(
            f"The service's response has no {RESULT}. Client and service may be of different versions."
        )
    return text if isinstance(text, bytes) else text.encode()
