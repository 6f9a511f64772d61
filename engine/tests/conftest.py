"""Shared fixtures: a real engine, a connection to it, and a conversation with known speakers."""

from __future__ import annotations

import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from conversation_recording import ConversationRecording
from sd_harness.engine.engine_process import Adapter, EngineProcess
from sd_kit.conversation import write_conversation


@pytest.fixture(scope="session")
def conversation(tmp_path_factory: pytest.TempPathFactory) -> ConversationRecording:
    path = tmp_path_factory.mktemp("conversation") / "conversation.wav"
    return ConversationRecording(path, write_conversation(path))


@pytest.fixture
def run_dir() -> Iterator[Path]:
    """A directory with a short path, as the path of a Unix socket is limited to 107 characters."""
    with tempfile.TemporaryDirectory(prefix="sd-") as directory:
        yield Path(directory)


@pytest.fixture(scope="session")
def engine() -> Iterator[EngineProcess]:
    """A ready engine with the demo model, shared by all tests that do not stop it."""
    limits = {"max_audio_duration_s": 120, "max_request_bytes": 4 * 1024 * 1024, "max_queued_audio_s": 240}
    with tempfile.TemporaryDirectory(prefix="sd-") as directory, EngineProcess(Path(directory), **limits) as engine:
        engine.wait_for("/readyz")
        yield engine


@pytest.fixture
def adapter(engine: EngineProcess) -> Iterator[Adapter]:
    with engine.adapter() as adapter:
        yield adapter


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port on which nothing listens, reserved for the test."""
    with socket.socket() as reservation:
        reservation.bind(("127.0.0.1", 0))
        yield reservation.getsockname()[1]
