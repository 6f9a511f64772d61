"""Triton's side of the service: each request is handed to the engine and answered on its own."""

from __future__ import annotations

import json
import os
import traceback
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

import contract
import numpy as np
import triton_python_backend_utils as pb_utils  # pyright: ignore[reportMissingImports] - comes with Triton
import wire
from engine_link import EngineLink
from refusal import Refusal

CODES = {wire.INVALID_ARGUMENT: "INVALID_ARG", wire.UNAVAILABLE: "UNAVAILABLE", wire.INTERNAL: "INTERNAL"}
"""The name of Triton's code for each of the wire's kinds; Triton adds its codes only after this file is imported."""

FAULT = "The adapter failed on this request ({}: {}); the server's log says where."
LONGEST_REQUEST_ID = 128


class TritonPythonModel:
    """One of Triton's adapters. It computes nothing: the engine does."""

    def initialize(self, args: dict[str, str]) -> None:
        """Opens the way to the engine, which need not be there yet."""
        config = json.loads(args["model_config"])
        told = {name: parameter["string_value"] for name, parameter in config["parameters"].items()}
        self._max_request_bytes = int(told["max_request_bytes"])
        self._engine = EngineLink(told["socket_path"], args["model_instance_name"])
        self._threads = ThreadPoolExecutor(config["max_batch_size"], thread_name_prefix="request")

    def execute(self, requests: list[Any]) -> None:
        """Answers each request on its own, and returns when all are answered: Triton's counters and drain rely on it.

        Never raises: that would fail the neighbours.
        """
        answers = [self._threads.submit(self._answer, request, request.get_response_sender()) for request in requests]
        wait(answers)
        for error in filter(None, (answer.exception() for answer in answers)):
            pb_utils.Logger.log_error("".join(traceback.format_exception(error)))

    def finalize(self) -> None:
        """Ends the connection and the threads."""
        self._engine.close()
        self._threads.shutdown()

    def _answer(self, request: Any, sender: Any) -> None:  # noqa: ANN401 - Triton's own types come without stubs
        sender.send(self._response(request), flags=pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL)

    def _response(self, request: Any) -> Any:  # noqa: ANN401
        try:
            timeline = np.array([[self._timeline(request)]], dtype=np.object_)
            return pb_utils.InferenceResponse([pb_utils.Tensor("DIARIZATION_RESULT", timeline)])
        except Refusal as refusal:
            return _error(refusal.kind, refusal.sentence)
        except Exception as fault:  # noqa: BLE001 - without a response the caller, and Triton's batch, wait for ever
            pb_utils.Logger.log_error(traceback.format_exc())
            return _error(wire.INTERNAL, FAULT.format(type(fault).__name__, fault))

    def _timeline(self, request: Any) -> bytes:  # noqa: ANN401
        asked = contract.asked(_tensor(request, "NUM_SPEAKERS"), request.parameters())
        # Of a recording of many megabytes only the memfd outlives this line, and only until the engine has it.
        recording_fd = wire.write_memory(
            "recording", contract.recording(_tensor(request, "AUDIO_DATA"), self._max_request_bytes)
        )
        try:
            call = self._engine.start(request.request_id()[:LONGEST_REQUEST_ID], asked, recording_fd)
        finally:
            os.close(recording_fd)
        return call.timeline(request.is_cancelled)


def _tensor(request: Any, name: str) -> contract.Tensor | None:  # noqa: ANN401
    tensor = pb_utils.get_input_tensor_by_name(request, name)
    return None if tensor is None else tensor.as_numpy()


def _error(kind: str, sentence: str) -> Any:  # noqa: ANN401
    return pb_utils.InferenceResponse(
        [], error=pb_utils.TritonError(sentence, getattr(pb_utils.TritonError, CODES[kind]))
    )
