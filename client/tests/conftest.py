"""Services for the client to talk to."""

from __future__ import annotations

import socket
from collections.abc import Generator

import pytest
import v2_grpc_stand_in
import v2_stand_in


@pytest.fixture
def service() -> Generator[v2_stand_in.Service]:
    with v2_stand_in.running() as service:
        yield service


@pytest.fixture
def grpc_service() -> Generator[v2_grpc_stand_in.GrpcService]:
    with v2_grpc_stand_in.running() as service:
        yield service


@pytest.fixture
def closed_port() -> Generator[int]:
    """A port on which nothing listens, held so that nobody else will."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]
