"""Runs other programs so that an interrupt ends them and a failure is told with the end of its log."""

import os
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from sd_kit import places
from sd_kit.errors import KitError

TAIL_LINES = 15
GRACE_S = 20.0

_running: set[subprocess.Popen[bytes]] = set()
_lock = threading.Lock()
_over = threading.Event()


def run(
    argv: Sequence[str | Path],
    *,
    log: str,
    purpose: str,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: int = subprocess.DEVNULL,
    timeout_s: float | None = None,
) -> None:
    """Run `argv` with its output in the log called `log`; raise KitError naming `purpose` when it fails."""
    path = places.log(log)
    with path.open("ab") as sink:
        sink.write(f"\n$ {' '.join(map(str, argv))}\n".encode())
        sink.flush()
        child = _start(argv, cwd=cwd, env=env, stdin=stdin, sink=sink.fileno())
        code = _wait(child, timeout_s)
    if code != 0:
        raise KitError(f"Cannot {purpose}: {_ending(code)}. The end of {path}:\n{tail(path)}")


def output(argv: Sequence[str | Path], *, purpose: str, env: Mapping[str, str] | None = None) -> str:
    """The stdout of a short command; raise KitError naming `purpose` when it fails."""
    done = subprocess.run(argv, capture_output=True, text=True, env=_merged(env), check=False)
    if done.returncode != 0:
        raise KitError(f"Cannot {purpose}: {' '.join(map(str, argv))} said:\n{done.stderr.strip()}")
    return done.stdout.strip()


def succeeds(argv: Sequence[str | Path], *, env: Mapping[str, str] | None = None) -> bool:
    """Whether a short question, asked as a command, is answered with yes."""
    silent = subprocess.DEVNULL
    done = subprocess.run(argv, stdin=silent, stdout=silent, stderr=silent, env=_merged(env), check=False)
    return done.returncode == 0


def tail(path: Path) -> str:
    """The last lines of a log."""
    return "\n".join(path.read_text(errors="replace").splitlines()[-TAIL_LINES:])


def end_all() -> None:
    """End every program that still runs, with its children, and let no other start: the command is over."""
    _over.set()
    with _lock:
        children = list(_running)
    for child in children:
        _end(child)


def _start(
    argv: Sequence[str | Path], *, cwd: Path | None, env: Mapping[str, str] | None, stdin: int, sink: int
) -> subprocess.Popen[bytes]:
    with _lock:
        if _over.is_set():
            raise KitError("Interrupted.")
        # A session of its own: one signal to its process group then reaches compilers and shells alike.
        child = subprocess.Popen(
            argv, cwd=cwd, env=_merged(env), stdin=stdin, stdout=sink, stderr=sink, start_new_session=True
        )
        _running.add(child)
    return child


def _wait(child: subprocess.Popen[bytes], timeout_s: float | None) -> int:
    try:
        return child.wait(timeout_s)
    except subprocess.TimeoutExpired:
        return _end(child)
    except KeyboardInterrupt:
        _end(child)
        raise
    finally:
        with _lock:
            _running.discard(child)


def _end(child: subprocess.Popen[bytes]) -> int:
    # Gently first: debootstrap has file systems to unmount, the docker client a build to call off.
    if child.poll() is None:
        os.killpg(child.pid, signal.SIGTERM)
    try:
        return child.wait(GRACE_S)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        return child.wait()


def _ending(code: int) -> str:
    return f"it was ended by signal {-code}" if code < 0 else f"it ended with code {code}"


def _merged(env: Mapping[str, str] | None) -> dict[str, str]:
    return {**os.environ, **(env or {})}
