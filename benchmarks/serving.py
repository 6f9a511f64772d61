"""What serving costs on top of the model: the engine process against stock pyannote.audio, in turns, in one run.

Both diarize the sample conversation with the demo model on the CPU. Wall time is the caller's; CPU time is that of the
whole process which does the work, read from /proc before and after each turn.
"""

import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sd_engine import wire
from sd_kit.conversation import write_conversation

from benchmarks.record import Row, write

ROUNDS = 5
START_TIMEOUT_S = 120

_STOCK = """
import sys
from pathlib import Path
import wave, numpy, sd_engine, torch
from pyannote.audio import Pipeline
pipeline = Pipeline.from_pretrained(Path(sd_engine.__file__).parent / "demo_model")
print("ready", flush=True)
for line in sys.stdin:
    with wave.open(line.strip()) as file:
        sample_rate_hz, content = file.getframerate(), file.readframes(file.getnframes())
    samples = numpy.frombuffer(content, "<i2").astype("float32") / 32768
    pipeline({"waveform": torch.from_numpy(samples)[None], "sample_rate": sample_rate_hz})
    print("done", flush=True)
"""
_ENVIRONMENT = {
    **os.environ,
    "PYANNOTE_METRICS_ENABLED": "0",
    "HF_HUB_OFFLINE": "1",
    "PYTHONWARNINGS": "ignore",
}

Cost = tuple[float, float]
"""Wall seconds and CPU seconds of one turn."""


def main() -> None:
    """Measure, and write `results/serving.json`."""
    with tempfile.TemporaryDirectory() as folder:
        recording = Path(folder) / "conversation.wav"
        write_conversation(recording)
        with _stock(recording) as stock, _engine(recording, Path(folder)) as engine:
            _, *turns = [(stock(), engine()) for _ in range(1 + ROUNDS)]  # the first round warms both
    write("serving", _rows(turns))


def _rows(turns: list[tuple[Cost, Cost]]) -> list[Row]:
    detail = f"median of {ROUNDS} rounds in turns; demo model, reference mode, one recording at a time"
    return [
        Row(f"engine_over_stock_{name}", _ratio(turns, index), "×", "<= 1.1", detail)
        for index, name in enumerate(("wall", "cpu"))
    ]


def _ratio(turns: list[tuple[Cost, Cost]], index: int) -> float:
    return statistics.median(engine[index] / stock[index] for stock, engine in turns)


def _costing(pid: int, turn: Callable[[], None]) -> Callable[[], Cost]:
    def run() -> Cost:
        wall_s, cpu_s = time.monotonic(), _cpu_s(pid)
        turn()
        return time.monotonic() - wall_s, _cpu_s(pid) - cpu_s

    return run


def _cpu_s(pid: int) -> float:
    """User and system time of a process and of its children that have ended (proc(5), stat fields 14 to 17)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def _stock(recording: Path) -> Iterator[Callable[[], Cost]]:
    command = [sys.executable, "-c", _STOCK]
    with subprocess.Popen(
        command, stdin=-1, stdout=-1, stderr=subprocess.DEVNULL, text=True, env=_ENVIRONMENT
    ) as child:
        questions, answers = child.stdin, child.stdout
        assert questions
        assert answers

        def turn() -> None:
            print(recording, file=questions, flush=True)
            if answers.readline() != "done\n":
                raise RuntimeError("Stock pyannote ended without an answer.")

        answers.readline()
        yield _costing(child.pid, turn)
        questions.close()


@contextmanager
def _engine(recording: Path, folder: Path) -> Iterator[Callable[[], Cost]]:
    environment = {
        **_ENVIRONMENT,
        "SD_RUN_DIR": str(folder),
        "SD_MODE": "reference",
        "SD_DEVICE": "cpu",
        "SD_HTTP_PORT": "18703",
    }
    with subprocess.Popen([sys.executable, "-m", "sd_engine"], stderr=subprocess.DEVNULL, env=environment) as child:
        with _connection(folder / "engine.sock") as connection:
            wire.send(connection, {"type": "hello", "adapter": "benchmark"})
            content = recording.read_bytes()

            def turn() -> None:
                answer = _diarize(connection, content)
                if answer["type"] != "result":
                    raise RuntimeError(f"The engine answered {answer}.")

            _wait_until_loaded(connection, content)
            yield _costing(child.pid, turn)
        child.terminate()


def _diarize(connection: socket.socket, content: bytes) -> wire.Message:
    memory_fd = wire.write_memory("recording", content)
    wire.send(connection, {"type": "diarize", "number": 1, "request_id": "benchmark", "options": {}}, memory_fd)
    os.close(memory_fd)
    answer, answer_fd = wire.receive(connection)
    if answer_fd is not None:
        os.close(answer_fd)
    return answer


def _wait_until_loaded(connection: socket.socket, content: bytes) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while _diarize(connection, content)["type"] != "result":
        if time.monotonic() > deadline:
            raise RuntimeError(f"The engine has not loaded its model after {START_TIMEOUT_S} s.")
        time.sleep(0.5)


def _connection(path: Path) -> socket.socket:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            connection.connect(str(path))
        except (FileNotFoundError, ConnectionRefusedError):
            connection.close()
            time.sleep(0.2)
        else:
            return connection
    raise RuntimeError(f"The engine has not opened its socket after {START_TIMEOUT_S} s.")
