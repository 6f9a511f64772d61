"""Overhead of serving: the engine in reference mode compared with stock pyannote.audio, in alternating runs.

Both diarize the sample conversation with the demo model on the CPU. Wall time is the caller's; CPU time is the
process's, read from /proc before and after each run.
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
"""Wall time and CPU time of one run in seconds."""


def main() -> None:
    """Measure, and write `results/serving.json`."""
    with tempfile.TemporaryDirectory() as folder:
        recording = Path(folder) / "conversation.wav"
        write_conversation(recording)
        with _stock(recording) as stock, _engine(recording, Path(folder)) as engine:
            _, *rounds = [(stock(), engine()) for _ in range(1 + ROUNDS)]  # the first round warms up both
    write("serving", _rows(rounds))


def _rows(rounds: list[tuple[Cost, Cost]]) -> list[Row]:
    detail = f"median of {ROUNDS} alternating runs; demo model, reference mode, one recording at a time"
    return [
        Row(f"engine_over_stock_{name}", _ratio(rounds, index), "×", "<= 1.1", detail)
        for index, name in enumerate(("wall", "cpu"))
    ]


def _ratio(rounds: list[tuple[Cost, Cost]], index: int) -> float:
    return statistics.median(engine[index] / stock[index] for stock, engine in rounds)


def _measured(pid: int, diarize: Callable[[], None]) -> Callable[[], Cost]:
    def run() -> Cost:
        wall_s, cpu_s = time.monotonic(), _cpu_s(pid)
        diarize()
        return time.monotonic() - wall_s, _cpu_s(pid) - cpu_s

    return run


def _cpu_s(pid: int) -> float:
    """Return user and system time of a process and of its reaped children (proc(5), stat fields 14 to 17)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def _stock(recording: Path) -> Iterator[Callable[[], Cost]]:
    command = [sys.executable, "-c", _STOCK]
    with subprocess.Popen(
        command, stdin=-1, stdout=-1, stderr=subprocess.DEVNULL, text=True, env=_ENVIRONMENT
    ) as child:
        stdin, stdout = child.stdin, child.stdout
        assert stdin
        assert stdout

        def diarize() -> None:
            print(recording, file=stdin, flush=True)
            if stdout.readline() != "done\n":
                raise RuntimeError("Stock pyannote.audio has exited without a result.")

        stdout.readline()
        yield _measured(child.pid, diarize)
        stdin.close()


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

            def diarize() -> None:
                response = _diarize(connection, content)
                if response["type"] != "result":
                    raise RuntimeError(f"The engine returned {response}.")

            _wait_until_loaded(connection, content)
            yield _measured(child.pid, diarize)
        child.terminate()


def _diarize(connection: socket.socket, content: bytes) -> wire.Message:
    memory_fd = wire.write_memory("recording", content)
    wire.send(connection, {"type": "diarize", "number": 1, "request_id": "benchmark", "options": {}}, memory_fd)
    os.close(memory_fd)
    response, response_fd = wire.receive(connection)
    if response_fd is not None:
        os.close(response_fd)
    return response


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
