"""A fake gRPC service with Triton's protocol and configurable failures."""

from __future__ import annotations

import json
import struct
import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
from fake_http_service import TIMELINE
from tritonclient.grpc import service_pb2, service_pb2_grpc

Failure = tuple[grpc.StatusCode, str]


@dataclass
class GrpcService:
    """The requests received, and the failures to send before the timeline; each response is delayed by `delay_s`."""

    port: int = 0
    delay_s: float = 0.0
    failures: list[Failure] = field(default_factory=list)
    requests: list[Any] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"grpc://127.0.0.1:{self.port}"


class _Servicer(service_pb2_grpc.GRPCInferenceServiceServicer):
    def __init__(self, service: GrpcService) -> None:
        self._service = service

    def ServerLive(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: ARG002, N802 - the protocol's
        return service_pb2.ServerLiveResponse(live=True)  # pyright: ignore[reportAttributeAccessIssue] - generated code

    def ModelInfer(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802 - the protocol's name
        self._service.requests.append(request)
        time.sleep(self._service.delay_s)
        if self._service.failures:
            context.abort(*self._service.failures.pop(0))
        return _response()


def _response() -> Any:
    result = json.dumps(TIMELINE).encode()
    response = service_pb2.ModelInferResponse(model_name="speaker_diarization")  # pyright: ignore[reportAttributeAccessIssue] - generated code
    response.outputs.add(name="DIARIZATION_RESULT", datatype="BYTES", shape=[1, 1])
    response.raw_output_contents.append(struct.pack("<I", len(result)) + result)
    return response


@contextmanager
def running() -> Generator[GrpcService]:
    service = GrpcService()
    server = grpc.server(ThreadPoolExecutor(4))
    service_pb2_grpc.add_GRPCInferenceServiceServicer_to_server(_Servicer(service), server)
    service.port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield service
    finally:
        server.stop(grace=None).wait()
