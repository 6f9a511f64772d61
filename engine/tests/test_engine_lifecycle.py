"""Start, crash and shutdown of a real engine."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest
from conversation_recording import ConversationRecording
from sd_engine import wire
from sd_engine.termination_message import MODEL_NOT_LOADED
from sd_harness.engine.engine_process import EngineProcess

pytestmark = pytest.mark.slow


def test_requests_are_rejected_immediately_while_the_model_loads(
    run_dir: Path, conversation: ConversationRecording
) -> None:
    with EngineProcess(run_dir) as engine:
        engine.wait_for("/startupz")
        loading = "The engine is starting and loads its model; try again in a few seconds."
        assert engine.get("/readyz") == (503, f"{loading}\n")
        with engine.adapter() as adapter:
            started = time.monotonic()
            assert adapter.error(conversation.content()) == ("unavailable", loading)
            assert time.monotonic() - started < 30

        engine.process.send_signal(signal.SIGTERM)
        assert engine.process.wait(timeout=20) == 0


def test_a_killed_engine_recovers_and_a_terminated_one_completes_its_requests(
    run_dir: Path, conversation: ConversationRecording
) -> None:
    with EngineProcess(run_dir) as engine:
        engine.wait_for("/readyz")
        with engine.adapter() as adapter:
            adapter.send(conversation.content())
            engine.kill()
            with pytest.raises(wire.ConnectionLostError):
                adapter.receive()

        engine.start()
        engine.wait_for("/readyz")
        with engine.adapter() as adapter:
            in_flight = adapter.send(conversation.content())
            while not engine.metric("sd_requests_in_flight"):
                time.sleep(0.02)
            engine.process.send_signal(signal.SIGTERM)
            while engine.get("/readyz")[0] == 200:
                time.sleep(0.02)
            rejected = adapter.send(conversation.content())
            assert adapter.receive()[0] == {
                "type": "error",
                "number": rejected,
                "code": "unavailable",
                "message": "The engine is shutting down; try again, another replica will respond.",
            }
            assert adapter.receive()[0] == {"type": "result", "number": in_flight}
        assert engine.process.wait(timeout=10) == 0


def test_a_missing_model_ends_the_engine_with_a_message(run_dir: Path) -> None:
    with EngineProcess(run_dir, model_dir=run_dir) as engine:
        assert engine.process.wait(timeout=60) == MODEL_NOT_LOADED
        assert f"{run_dir} contains no pyannote.audio pipeline: config.yaml is missing." in engine.log()


def test_a_model_that_cannot_be_loaded_ends_the_engine_with_a_message(run_dir: Path) -> None:
    (run_dir / "config.yaml").write_text("pipeline: {name: nowhere.Pipeline}\n")
    with EngineProcess(run_dir, model_dir=run_dir) as engine:
        assert engine.process.wait(timeout=120) == MODEL_NOT_LOADED
        assert engine.log().splitlines()[-1].startswith(f"Cannot load the pipeline in {run_dir}: ModuleNotFoundError")


def test_a_pipeline_for_pyannote_2_ends_the_engine_with_the_name_of_its_successor(run_dir: Path) -> None:
    """The configuration names its models as the published one of version 2.1 does."""
    (run_dir / "config.yaml").write_text(
        "pipeline:\n"
        "  name: pyannote.audio.pipelines.SpeakerDiarization\n"
        "  params: {segmentation: pyannote/segmentation@2022.07, embedding: speechbrain/spkrec-ecapa-voxceleb}\n"
    )
    with EngineProcess(run_dir, model_dir=run_dir) as engine:
        assert engine.process.wait(timeout=60) == MODEL_NOT_LOADED
        assert engine.log().splitlines()[-1] == (
            f"The pipeline in {run_dir} is for pyannote.audio 2, like pyannote/speaker-diarization@2.1; "
            "pyannote.audio 4 cannot load it. Use its successor pyannote/speaker-diarization-community-1."
        )


def test_a_port_in_use_ends_the_engine_with_a_message(run_dir: Path, engine: EngineProcess) -> None:
    with EngineProcess(run_dir, http_port=engine.port) as second:
        assert second.process.wait(timeout=60) == 1
        assert f"on port {engine.port}: [Errno 98] Address already in use." in second.log()
