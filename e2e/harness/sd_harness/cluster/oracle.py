"""The oracle: segments of stock pyannote.audio, run in a plain Python process."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

_PROGRAM = """
import json, sys, wave, numpy, torch, sd_engine
from pathlib import Path
from pyannote.audio import Pipeline
pipeline = Pipeline.from_pretrained(Path(sd_engine.__file__).parent / "demo_model")
with wave.open(sys.argv[1]) as file:
    sample_rate_hz, content = file.getframerate(), file.readframes(file.getnframes())
samples = numpy.frombuffer(content, "<i2").astype("float32") / 32768
waveform = {"waveform": torch.from_numpy(samples)[None], "sample_rate": sample_rate_hz}
segments = {}
for speakers in sys.argv[2:]:
    output = pipeline(waveform, **({"num_speakers": int(speakers)} if speakers else {}))
    tracks = output.speaker_diarization.itertracks(yield_label=True)
    segments[speakers] = sorted([round(s.start, 3), round(s.end, 3), label] for s, _, label in tracks)
print(json.dumps(segments))
"""


def stock_segments(recording: Path, *speakers: str) -> dict[str, list[list[Any]]]:
    """Return the sorted segments [start_s, end_s, speaker] of stock pyannote.audio, by number of speakers.

    Args:
        recording: WAV file, mono, 16 bit.
        speakers: Exact numbers of speakers; "" for an unknown number.
    """
    environment = {
        "PYANNOTE_METRICS_ENABLED": "0",
        "HF_HUB_OFFLINE": "1",
        "OMP_WAIT_POLICY": "passive",
        "PYTHONWARNINGS": "ignore",
        "HOME": "/tmp",
    }
    completed = subprocess.run(
        [sys.executable, "-c", _PROGRAM, recording, *speakers],
        capture_output=True,
        text=True,
        env=environment,
        check=True,
    )
    return json.loads(completed.stdout.splitlines()[-1])


def segments(timeline: dict[str, Any]) -> list[list[Any]]:
    """Return a timeline's segments in the form that `stock_segments` uses."""
    return sorted([s["start_time"], s["end_time"], s["speaker"]] for s in timeline["segments"])
