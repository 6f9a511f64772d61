"""What the engine's tests share: one real engine, and a conversation whose truth is known."""

from __future__ import annotations

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
    """A short path: that of a Unix socket may have 107 characters."""
    with tempfile.TemporaryDirectory(prefix="sd-") as directory:
        yield Path(directory)


@pytest.fixture(scope="session")
def engine() -> Iterator[EngineProcess]:
    """An engine with the demo model, ready, which all tests share that do not end it."""
    limits = {"max_audio_duration_s": 120, "max_request_bytes": 4 * 1024 * 1024, "max_queued_audio_s": 240}
    with tempfile.TemporaryDirectory(prefix="sd-") as directory, EngineProcess(Path(directory), **limits) as engine:
        engine.wait_for("/readyz")
        yield engine


@pytest.fixture
def adapter(engine: EngineProcess) -> Iterator[Adapter]:
    with engine.adapter() as adapter:
        yield adapter
