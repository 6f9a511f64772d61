"""`python -m sd_engine`: listen, load the model, and serve requests until SIGTERM."""

from __future__ import annotations

import os
import signal

from sd_model_store.errors import CorruptError

from sd_engine import logs
from sd_engine.device import cpus
from sd_engine.diarization.model_loader import ModelError
from sd_engine.engine import Engine
from sd_engine.settings import Settings, SettingsError
from sd_engine.termination_message import MODEL_CORRUPT, MODEL_NOT_LOADED, exit_with_message

SHUTDOWN_TIMEOUT_S = 30.0

TELEMETRY_OFF = {
    "PYANNOTE_METRICS_ENABLED": "0",  # otherwise pyannote.audio sends every recording's length and speaker count
    "HF_HUB_DISABLE_TELEMETRY": "1",
}
"""Environment that a user cannot override."""


def library_environment() -> dict[str, str]:
    """Return default environment variables that torch, pyannote.audio and the hub's client read at their import."""
    threads = str(cpus.usable())
    return {
        "HF_HUB_OFFLINE": "1",  # models come from a directory, never from the network
        "OMP_NUM_THREADS": threads,
        "OPENBLAS_NUM_THREADS": threads,
        "MPLCONFIGDIR": "/tmp/matplotlib",  # noqa: S108 - for pyannote.metrics; the home directory may be read-only
    }


def main() -> None:
    """Run the engine; exit with a termination message if it cannot start."""
    os.environ |= library_environment() | os.environ | TELEMETRY_OFF
    try:
        settings = Settings.from_environment(os.environ)
        logs.start(settings.log_level)
        _run(settings)
    except CorruptError as error:
        exit_with_message(str(error), MODEL_CORRUPT)
    except ModelError as error:
        exit_with_message(str(error), MODEL_NOT_LOADED)
    except SettingsError as error:
        exit_with_message(str(error))


def _run(settings: Settings) -> None:
    engine = _start_engine(settings)
    signalled = _signal_pipe()
    signal.signal(signal.SIGTERM, lambda *_: _exit_if_loading(engine))
    engine.load()
    os.read(signalled, 1)
    is_drained = engine.shut_down(SHUTDOWN_TIMEOUT_S)
    # Threads that still compute on the device cannot be stopped, so the interpreter must not wait for them.
    os._exit(0 if is_drained else 1)


def _signal_pipe() -> int:
    """Return the read end of a pipe that receives a byte for each signal.

    The interpreter writes it when the signal arrives, in any thread. A handler in Python runs only in the main thread
    and would come too late if that has just begun to block.
    """
    read_end, write_end = os.pipe()
    os.set_blocking(write_end, False)
    signal.set_wakeup_fd(write_end)
    return read_end


def _exit_if_loading(engine: Engine) -> None:
    """Exit while the model loads: no request is in flight, and an import cannot be interrupted cleanly."""
    if engine.is_loading:
        os._exit(0)


def _start_engine(settings: Settings) -> Engine:
    try:
        engine = Engine(settings)
    except OSError as error:
        exit_with_message(f"Cannot listen in {settings.run_dir} and on port {settings.http_port}: {error}.")
    engine.start()
    return engine


if __name__ == "__main__":
    main()
