"""What stock pyannote.audio answers, in a plain Python process, to compare a service's answer with."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

_ORACLE = """
import json, sys, wave, numpy, torch, sd_engine
from pathlib import Path
from pyannote.audio import Pipeline
pipeline = Pipeline.from_pretrained(Path(sd_engine.__file__).parent / "demo_model")
with wave.open(sys.argv[1]) as file:
    sample_rate_hz, content = file.getframerate(), file.readframes(file.getnframes())
samples = numpy.frombuffer(content, "<i2").astype("float32") / 32768
asked = {"num_speakers": int(sys.argv[2])} if sys.argv[2] else {}
answer = pipeline({"waveform": torch.from_numpy(samples)[None], "sample_rate": sample_rate_hz}, **asked)
print(json.dumps([[round(s.start, 3), round(s.end, 3), label]
    for s, _, label in answer.speaker_diarization.itertracks(yield_label=True)]))
"""


def stock_segments(recording: Path, speakers: str) -> list[list[Any]]:
    """What pyannote.audio itself answers in a plain Python process: [start, end, speaker], sorted."""
    environment = {"PYANNOTE_METRICS_ENABLED": "0", "HF_HUB_OFFLINE": "1", "PYTHONWARNINGS": "ignore", "HOME": "/tmp"}
    done = subprocess.run(
        [sys.executable, "-c", _ORACLE, recording, speakers],
        capture_output=True,
        text=True,
        env=environment,
        check=True,
    )
    return sorted(json.loads(done.stdout.splitlines()[-1]))


def segments(timeline: dict[str, Any]) -> list[list[Any]]:
    """A timeline's segments as `stock_segments` has them."""
    return sorted([s["start_time"], s["end_time"], s["speaker"]] for s in timeline["segments"])
