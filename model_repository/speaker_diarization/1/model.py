"""Triton's Python model: an adapter that sends each request to the engine and returns the engine's response."""

from __future__ import annotations

import json
import os
import traceback
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

import inputs
import numpy as np
import triton_python_backend_utils as pb_utils  # pyright: ignore[reportMissingImports] - comes with Triton
import wire
from engine_client import EngineClient
from request_error import RequestError

TRITON_CODES = {wire.INVALID_ARGUMENT: "INVALID_ARG", wire.UNAVAILABLE: "UNAVAILABLE", wire.INTERNAL: "INTERNAL"}
"""Names of Triton's error codes: Triton adds the codes to `TritonError` only after this file has been imported."""

ADAPTER_FAILED = "The adapter failed on this request ({}: {}); see the server's log."
MAX_REQUEST_ID_CHARACTERS = 128


class TritonPythonModel:
    """One adapter instance. It computes nothing itself."""

    def initialize(self, args: dict[str, str]) -> None:
        """Connect to the engine in the background; it need not run yet."""
        config = json.loads(args["model_config"])
        parameters = {name: parameter["string_value"] for name, parameter in config["parameters"].items()}
        self._max_request_bytes = int(parameters["max_request_bytes"])
        self._engine = EngineClient(parameters["socket_path"], args["model_instance_name"])
        self._threads = ThreadPoolExecutor(config["max_batch_size"], thread_name_prefix="request")

    def execute(self, requests: list[Any]) -> None:
        """Respond to each request separately; return once all have a response, as Triton's counters and drain expect.

        Never raises: an exception would fail all requests of the batch.
        """
        responses = [
            self._threads.submit(self._respond, request, request.get_response_sender()) for request in requests
        ]
        wait(responses)
        for error in filter(None, (response.exception() for response in responses)):
            pb_utils.Logger.log_error("".join(traceback.format_exception(error)))

    def finalize(self) -> None:
        """Close the connection and end the threads."""
        self._engine.close()
        self._threads.shutdown()

    def _respond(self, request: Any, sender: Any) -> None:  # noqa: ANN401 - Triton's types have no stubs
        sender.send(self._response(request), flags=pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL)

    def _response(self, request: Any) -> Any:  # noqa: ANN401
        try:
            timeline = np.array([[self._diarize(request)]], dtype=np.object_)
            return pb_utils.InferenceResponse([pb_utils.Tensor("DIARIZATION_RESULT", timeline)])
        except RequestError as error:
            return _error_response(error.code, str(error))
        except Exception as error:  # noqa: BLE001 - without a response the caller and the whole batch wait forever
            pb_utils.Logger.log_error(traceback.format_exc())
            return _error_response(wire.INTERNAL, ADAPTER_FAILED.format(type(error).__name__, error))

    def _diarize(self, request: Any) -> bytes:  # noqa: ANN401
        options = {
            "num_speakers": inputs.num_speakers(_tensor(request, "NUM_SPEAKERS")),
            "parameters": json.loads(request.parameters() or "{}"),
        }
        # No variable holds the recording's bytes: only the memfd outlives this line, until the engine has received it.
        recording_fd = wire.write_memory(
            "recording", inputs.recording(_tensor(request, "AUDIO_DATA"), self._max_request_bytes)
        )
        try:
            pending = self._engine.send_request(request.request_id()[:MAX_REQUEST_ID_CHARACTERS], options, recording_fd)
        finally:
            os.close(recording_fd)
        return pending.wait(request.is_cancelled)


def _tensor(request: Any, name: str) -> inputs.Tensor | None:  # noqa: ANN401
    tensor = pb_utils.get_input_tensor_by_name(request, name)
    return None if tensor is None else tensor.as_numpy()


def _error_response(code: str, message: str) -> Any:  # noqa: ANN401
    return pb_utils.InferenceResponse(
        [], error=pb_utils.TritonError(message, getattr(pb_utils.TritonError, TRITON_CODES[code]))
    )
