"""The modes that the shared engine does not run in: fast, and reference for what the others do not know."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from conversation_recording import ConversationRecording
from pyannote.core import Annotation, Segment, Timeline
from pyannote.metrics.diarization import DiarizationErrorRate
from sd_engine.diarization.model_loader import DEMO_MODEL
from sd_harness.engine.engine_process import EngineProcess

pytestmark = pytest.mark.slow


def test_fast_mode_finds_who_spoke_when(run_dir: Path, conversation: ConversationRecording) -> None:
    with EngineProcess(run_dir, mode="fast") as engine:
        engine.wait_for("/readyz")
        with engine.adapter() as adapter:
            answer = adapter.diarize(conversation.content(), include=["embeddings", "exclusive"])
        assert 'mode="fast"' in engine.get("/metrics")[1]

    truth, found = Annotation(), Annotation()
    for turn in conversation.turns:
        truth[Segment(turn.start_s, turn.end_s)] = turn.speaker
    for segment in answer["segments"]:
        found[Segment(segment["start_time"], segment["end_time"])] = segment["speaker"]
    assert answer["num_speakers"] == len(answer["embeddings"]) == 3
    heard = Timeline([Segment(0, truth.get_timeline().extent().end)])
    error_rate: Any = DiarizationErrorRate(collar=0.25)(truth, found, uem=heard)
    assert error_rate < 0.2


def test_a_pipeline_like_3_1_needs_no_plda_of_its_own(run_dir: Path, conversation: ConversationRecording) -> None:
    model_dir = changed_model(run_dir, "AgglomerativeClustering")
    shutil.rmtree(model_dir / "plda")
    config = yaml.safe_load((model_dir / "config.yaml").read_text())
    del config["pipeline"]["params"]["plda"]
    config["params"]["clustering"] = {"method": "centroid", "min_cluster_size": 12, "threshold": 0.7}
    (model_dir / "config.yaml").write_text(yaml.safe_dump(config))

    with EngineProcess(run_dir, model_dir=model_dir) as engine:
        engine.wait_for("/readyz")
        with engine.adapter() as adapter:
            assert adapter.diarize(conversation.excerpt(20))["num_speakers"] >= 1
        assert engine.metric("sd_reference_fallback") == 0


def changed_model(run_dir: Path, clustering: str) -> Path:
    """The demo model with another clustering, without parameters."""
    model_dir = run_dir / "model"
    shutil.copytree(DEMO_MODEL, model_dir)
    config = yaml.safe_load((model_dir / "config.yaml").read_text())
    config["pipeline"]["params"]["clustering"] = clustering
    del config["params"]["clustering"]
    (model_dir / "config.yaml").write_text(yaml.safe_dump(config))
    return model_dir


def test_a_pipeline_that_is_not_known_runs_in_reference_mode_and_says_so(
    run_dir: Path, conversation: ConversationRecording
) -> None:
    model_dir = changed_model(run_dir, "KMeansClustering")
    with EngineProcess(run_dir, mode="exact", model_dir=model_dir) as engine:
        engine.wait_for("/readyz")
        with engine.adapter() as adapter:
            assert adapter.diarize(conversation.excerpt(10), num_speakers=2)["num_speakers"] == 2
        assert engine.metric("sd_reference_fallback") == 1
        assert 'mode="reference"' in engine.get("/metrics")[1]
        assert engine.metric("sd_backlog_seconds") == 0
        assert (
            'event=reference_fallback configured_mode=exact reason="its clustering is KMeansClustering"' in engine.log()
        )
