"""Subprocesses with log files, timeouts, and termination of all of them on an interrupt."""

import os
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from sd_kit import paths
from sd_kit.errors import KitError

TAIL_LINES = 15
TERMINATION_GRACE_S = 20.0

_running: set[subprocess.Popen[bytes]] = set()
_lock = threading.Lock()
_terminated = threading.Event()


def run(
    argv: Sequence[str | Path],
    *,
    log: str,
    purpose: str,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    timeout_s: float | None = None,
) -> None:
    """Run `argv` with stdout and stderr appended to the log file `log`.

    Raises:
        KitError: the command failed or ran into the timeout; the message names `purpose` and quotes the log's end.
    """
    path = paths.log(log)
    with path.open("ab") as log_file:
        log_file.write(f"\n$ {' '.join(map(str, argv))}\n".encode())
        log_file.flush()
        child = _start(argv, cwd=cwd, env=env, log_file=log_file.fileno())
        exit_code = _wait(child, timeout_s)
    if exit_code != 0:
        raise KitError(f"Cannot {purpose}: {_describe(exit_code)}. The end of {path}:\n{tail(path)}")


def output(argv: Sequence[str | Path], *, purpose: str, env: Mapping[str, str] | None = None) -> str:
    """Return the stripped stdout of a short command.

    Raises:
        KitError: the command failed; the message names `purpose` and quotes stderr.
    """
    completed = subprocess.run(argv, capture_output=True, text=True, env=_merged(env), check=False)
    if completed.returncode != 0:
        raise KitError(f"Cannot {purpose}: {' '.join(map(str, argv))} printed:\n{completed.stderr.strip()}")
    return completed.stdout.strip()


def succeeds(argv: Sequence[str | Path], *, env: Mapping[str, str] | None = None) -> bool:
    """Return True if a short command exits with code 0."""
    null = subprocess.DEVNULL
    completed = subprocess.run(argv, stdin=null, stdout=null, stderr=null, env=_merged(env), check=False)
    return completed.returncode == 0


def tail(path: Path) -> str:
    """Return the last lines of a log file."""
    return "\n".join(path.read_text(errors="replace").splitlines()[-TAIL_LINES:])


def terminate_all() -> None:
    """Terminate every running subprocess with its children, and prevent new ones from starting."""
    _terminated.set()
    with _lock:
        children = list(_running)
    for child in children:
        _terminate(child)


def _start(
    argv: Sequence[str | Path], *, cwd: Path | None, env: Mapping[str, str] | None, log_file: int
) -> subprocess.Popen[bytes]:
    with _lock:
        if _terminated.is_set():
            raise KitError("Interrupted.")
        # In a session of its own, one signal to the process group reaches the command and its children.
        child = subprocess.Popen(
            argv,
            cwd=cwd,
            env=_merged(env),
            stdin=subprocess.DEVNULL,
            stdout=log_file,
            stderr=log_file,
            start_new_session=True,
        )
        _running.add(child)
    return child


def _wait(child: subprocess.Popen[bytes], timeout_s: float | None) -> int:
    try:
        return child.wait(timeout_s)
    except subprocess.TimeoutExpired:
        return _terminate(child)
    except KeyboardInterrupt:
        _terminate(child)
        raise
    finally:
        with _lock:
            _running.discard(child)


def _terminate(child: subprocess.Popen[bytes]) -> int:
    # SIGTERM first: debootstrap must unmount file systems, and the docker client must cancel its build.
    if child.poll() is None:
        os.killpg(child.pid, signal.SIGTERM)
    try:
        return child.wait(TERMINATION_GRACE_S)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        return child.wait()


def _describe(exit_code: int) -> str:
    return f"it was terminated by signal {-exit_code}" if exit_code < 0 else f"it exited with code {exit_code}"


def _merged(env: Mapping[str, str] | None) -> dict[str, str]:
    return {**os.environ, **(env or {})}
