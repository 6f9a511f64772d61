"""pyannote.audio's own pipeline, called untouched, one recording at a time: the thread here owns the device."""

from __future__ import annotations

import hashlib
import time
import warnings
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sd_engine import cpus
from sd_engine.decode import SAMPLE_RATE_HZ

if TYPE_CHECKING:
    from pyannote.audio.pipelines.speaker_diarization import DiarizeOutput

DEMO_MODEL = Path(__file__).parent / "demo_model"

EXPECTED_WARNINGS = (
    "At least one mel filterbank has all zero values",  # the demo model's MFCCs: harmless, and so trained
    r"std\(\): degrees of freedom is <= 0",  # pooling over one single frame, in pyannote itself
    "Mean of empty slice",  # a recording too short for one clean embedding, likewise in pyannote itself
    "invalid value encountered in divide",
    r"\s*The detected number of speakers",  # a short recording gives fewer than asked for: the contract says so
)


class ModelError(RuntimeError):
    """The pipeline could not be loaded; its text says from where and why."""


@dataclass(frozen=True, slots=True)
class Run:
    """What the pipeline gave for one recording, when it began (monotonic) and how long it took."""

    output: DiarizeOutput
    started: float
    duration_s: float


class Pipeline:
    """Loads a pipeline directory and runs it. torch is imported here and nowhere earlier: that takes seconds."""

    def __init__(self, directory: Path | None, device: str) -> None:
        self._directory = directory or DEMO_MODEL
        self._asked_device = device
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="device")
        self._pyannote: Any = None
        self._device = ""

    @property
    def description(self) -> dict[str, str]:
        """Which pipeline runs where, for logs and metrics."""
        return {"pipeline": self._directory.name, "revision": _revision(self._directory), "device": self._device}

    def load(self) -> None:
        """Imports torch and loads the model, within the thread that will run it.

        Raises:
            ModelError: the directory holds no pipeline, or there is no such device.
        """
        if not (self._directory / "config.yaml").is_file():
            raise ModelError(f"{self._directory} holds no pyannote pipeline: there is no config.yaml in it.")
        if failure := self._thread.submit(self._load).exception():
            raise ModelError(f"Cannot load the pipeline in {self._directory}: {_text(failure)}") from failure

    def submit(self, samples: NDArray[np.float32], bounds: dict[str, int]) -> Future[Run]:
        """Runs the pipeline on 16 kHz mono samples once the device is free. Until then the future can be cancelled."""
        held = [samples]
        run = self._thread.submit(self._run, held, bounds)
        # A cancelled run stays in the executor's queue until its turn; its samples, up to a gigabyte, do not.
        run.add_done_callback(lambda _: held.clear())
        return run

    def _load(self) -> None:
        for message in EXPECTED_WARNINGS:
            warnings.filterwarnings("ignore", message=message)
        import torch  # noqa: PLC0415 - seconds, in which the socket already answers
        from pyannote.audio import Pipeline as PyannotePipeline  # noqa: PLC0415

        torch.set_num_threads(cpus.usable())
        device = torch.device(_device_name(self._asked_device, has_gpu=torch.cuda.is_available()))
        loaded = PyannotePipeline.from_pretrained(self._directory)
        if loaded is None:
            raise ModelError("pyannote.audio gave no reason.")
        self._pyannote = loaded.to(device)
        self._device = _described(device)

    def _run(self, held: list[NDArray[np.float32]], bounds: dict[str, int]) -> Run:
        import torch  # noqa: PLC0415 - loaded by now

        started = time.monotonic()
        waveform = torch.from_numpy(held.pop())[None]
        with redirect_stdout(None):  # its clustering prints remarks; the engine itself writes to stderr only
            output = self._pyannote({"waveform": waveform, "sample_rate": SAMPLE_RATE_HZ}, **bounds)
        return Run(output, started, time.monotonic() - started)


def _device_name(asked: str, *, has_gpu: bool) -> str:
    if asked == "auto":
        return "cuda" if has_gpu else "cpu"
    return asked


def _described(device: Any) -> str:  # noqa: ANN401 - torch is not imported at this file's top
    import torch  # noqa: PLC0415

    return f"cuda ({torch.cuda.get_device_name(device)})" if device.type == "cuda" else device.type


def _revision(directory: Path) -> str:
    """A digest of the configuration and the weights' names and sizes: cheap, and enough to tell two models apart."""
    digest = hashlib.sha256((directory / "config.yaml").read_bytes())
    for path in sorted(path for path in directory.rglob("*") if path.is_file()):
        digest.update(f"{path.relative_to(directory)} {path.stat().st_size}".encode())
    return digest.hexdigest()[:12]


def _text(failure: BaseException) -> str:
    return f"{type(failure).__name__}: {failure}"
