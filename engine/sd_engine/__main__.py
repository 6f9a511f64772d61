"""`python -m sd_engine`: listens at once, loads the model, answers until it is told to end."""

from __future__ import annotations

import os
import signal

from sd_model_store.errors import CorruptError

from sd_engine import logs
from sd_engine.device import cpus
from sd_engine.diarization.model_loader import ModelError
from sd_engine.engine import Engine
from sd_engine.settings import Settings, SettingsError
from sd_engine.termination_message import MODEL_CORRUPT, MODEL_NOT_LOADED, give_up

LEAVE_WITHIN_S = 30.0


TELEMETRY_OFF = {
    "PYANNOTE_METRICS_ENABLED": "0",  # else every recording's length and speaker count leave the house
    "HF_HUB_DISABLE_TELEMETRY": "1",
}
"""Not to be told otherwise."""


def library_environment() -> dict[str, str]:
    """What torch, pyannote.audio and the hub's client read when they are imported, where they are told nothing else."""
    threads = str(cpus.usable())
    return {
        "HF_HUB_OFFLINE": "1",  # models come from a directory, never from the network
        "OMP_NUM_THREADS": threads,
        "OPENBLAS_NUM_THREADS": threads,
        "MPLCONFIGDIR": "/tmp/matplotlib",  # noqa: S108 - imported by pyannote.metrics; its home may be read-only
    }


def main() -> None:
    os.environ |= library_environment() | os.environ | TELEMETRY_OFF
    try:
        settings = Settings.from_environment(os.environ)
        logs.start(settings.log_level)
        _run(settings)
    except CorruptError as error:
        give_up(str(error), MODEL_CORRUPT)
    except ModelError as error:
        give_up(str(error), MODEL_NOT_LOADED)
    except SettingsError as error:
        give_up(str(error))


def _run(settings: Settings) -> None:
    engine = _listening_engine(settings)
    told_to_end = _signalled()
    signal.signal(signal.SIGTERM, lambda *_: _end_while_loading(engine))
    engine.load()
    os.read(told_to_end, 1)
    all_answered = engine.leave(LEAVE_WITHIN_S)
    # What is still running on the device after that cannot be stopped by asking.
    os._exit(0 if all_answered else 1)


def _signalled() -> int:
    """A pipe that holds a byte once a signal has come.

    The interpreter writes it the moment the signal arrives, in whatever thread; a handler in Python would have to wait
    for this thread, which may just have begun to block.
    """
    signalled, wake_up = os.pipe()
    os.set_blocking(wake_up, False)
    signal.set_wakeup_fd(wake_up)
    return signalled


def _end_while_loading(engine: Engine) -> None:
    """Then nothing is in flight, and an import cannot be interrupted cleanly: it ends at once."""
    if engine.is_loading:
        os._exit(0)


def _listening_engine(settings: Settings) -> Engine:
    try:
        engine = Engine(settings)
    except OSError as error:
        give_up(f"Cannot listen in {settings.run_dir} and on port {settings.http_port}: {error}.")
    engine.start()
    return engine


if __name__ == "__main__":
    main()
