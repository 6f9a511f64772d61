"""Tensors as tritonclient holds them: one way in and one way out, the same for HTTP and gRPC."""

# tritonclient carries no types; what it gives is checked here, and only typed values leave this file.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from sd_client.errors import AnswerError
from sd_client.question import RESULT, Question


class Input(Protocol):
    """What both of tritonclient's `InferInput` classes can do."""

    def set_data_from_numpy(self, input_tensor: NDArray[np.object_], /) -> object: ...


class Result(Protocol):
    """What both of tritonclient's `InferResult` classes can do."""

    def as_numpy(self, name: str, /) -> NDArray[np.object_] | None: ...


AnInput = TypeVar("AnInput", bound=Input)


def inputs(new_input: Callable[[str, list[int], str], AnInput], question: Question) -> list[AnInput]:
    """The question's tensors, made by `new_input(name, shape, datatype)`."""
    return [_filled(new_input(name, [1, 1], "BYTES"), content) for name, content in question.tensors.items()]


def _filled(tensor: AnInput, content: bytes) -> AnInput:
    tensor.set_data_from_numpy(np.array([[content]], dtype=np.object_))
    return tensor


def result_text(result: Result | None) -> bytes:
    """The JSON text of the one result.

    Raises:
        AnswerError: there is no such result, or it is not one text.
    """
    tensor = None if result is None else result.as_numpy(RESULT)
    if tensor is None or tensor.size != 1 or not isinstance(text := tensor.item(), (bytes, str)):
        raise AnswerError(f"The service's answer holds no {RESULT}. Client and service may be of different versions.")
    return text if isinstance(text, bytes) else text.encode()
