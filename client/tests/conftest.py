"""Shared fixtures: fake services."""

from __future__ import annotations

import socket
from collections.abc import Generator

import fake_grpc_service
import fake_http_service
import pytest


@pytest.fixture
def service() -> Generator[fake_http_service.HttpService]:
    with fake_http_service.running() as service:
        yield service


@pytest.fixture
def grpc_service() -> Generator[fake_grpc_service.GrpcService]:
    with fake_grpc_service.running() as service:
        yield service


@pytest.fixture
def closed_port() -> Generator[int]:
    """A port on which nothing listens, reserved for the test."""
    with socket.socket() as reservation:
        reservation.bind(("127.0.0.1", 0))
        yield reservation.getsockname()[1]
