"""Fast mode, and reference mode for pipelines that the other modes do not support."""

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


def test_fast_mode_has_a_low_error_rate(run_dir: Path, conversation: ConversationRecording) -> None:
    with EngineProcess(run_dir, mode="fast") as engine:
        engine.wait_for("/readyz")
        with engine.adapter() as adapter:
            timeline = adapter.diarize(conversation.content(), include=["embeddings", "exclusive"])
        assert 'mode="fast"' in engine.get("/metrics")[1]

    reference, hypothesis = Annotation(), Annotation()
    for turn in conversation.turns:
        reference[Segment(turn.start_s, turn.end_s)] = turn.speaker
    for segment in timeline["segments"]:
        hypothesis[Segment(segment["start_time"], segment["end_time"])] = segment["speaker"]
    assert timeline["num_speakers"] == len(timeline["embeddings"]) == 3
    scored = Timeline([Segment(0, reference.get_timeline().extent().end)])
    error_rate: Any = DiarizationErrorRate(collar=0.25)(reference, hypothesis, uem=scored)
    assert error_rate < 0.2


def test_a_pipeline_without_plda_is_loaded(run_dir: Path, conversation: ConversationRecording) -> None:
    model_dir = model_with_clustering(run_dir, "AgglomerativeClustering")
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


def model_with_clustering(run_dir: Path, clustering: str) -> Path:
    """Return a copy of the demo model with another clustering class and no clustering parameters."""
    model_dir = run_dir / "model"
    shutil.copytree(DEMO_MODEL, model_dir)
    config = yaml.safe_load((model_dir / "config.yaml").read_text())
    config["pipeline"]["params"]["clustering"] = clustering
    del config["params"]["clustering"]
    (model_dir / "config.yaml").write_text(yaml.safe_dump(config))
    return model_dir


def test_an_unsupported_pipeline_runs_in_reference_mode_and_logs_the_reason(
    run_dir: Path, conversation: ConversationRecording
) -> None:
    model_dir = model_with_clustering(run_dir, "KMeansClustering")
    with EngineProcess(run_dir, mode="exact", model_dir=model_dir) as engine:
        engine.wait_for("/readyz")
        with engine.adapter() as adapter:
            assert adapter.diarize(conversation.excerpt(10), num_speakers=2)["num_speakers"] == 2
        assert engine.metric("sd_reference_fallback") == 1
        assert 'mode="reference"' in engine.get("/metrics")[1]
        assert engine.metric("sd_backlog_seconds") == 0
        reason = 'reason="the clustering is KMeansClustering"'
        assert f"event=reference_fallback configured_mode=exact {reason}" in engine.log()
