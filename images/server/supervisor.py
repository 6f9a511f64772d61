"""Both halves of the server in one container: engine and Triton, each restarted alone, and stopped in order.

What gives up before it was ready once ends the container with it (a wrong setting, a broken model: starting again would
only hide the reason). What crashes, or ends later, is started again alone, after a pause that grows while it keeps
ending.
"""

# ruff: noqa: INP001 - the image runs this file as a script
from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from http import HTTPStatus
from http.client import HTTPException
from pathlib import Path

ENGINE = f"http://127.0.0.1:{os.environ.get('SD_HTTP_PORT', '8003')}"
TRITON_READY = "http://127.0.0.1:8000/v2/health/ready"
LOOK_EVERY_S = 1.0
LONGEST_DRAIN_S = 3600.0
STOP_WITHIN_S = 5.0
DEAD_ADAPTER_LOOKS = 3
FIRST_PAUSE_S, LONGEST_PAUSE_S, STEADY_AFTER_S = 1.0, 30.0, 60.0
SHELL_SIGNAL = 128
"""Above it, a shell reports the signal that ended its child."""
IN_FLIGHT = re.compile(r"^sd_requests_in_flight (\S+)$", re.MULTILINE)


class StopRequestedError(Exception):
    """Somebody sent SIGTERM or SIGINT."""


class Half:
    """One of the two processes, through all its lives."""

    def __init__(self, name: str, ready_url: str) -> None:
        self.name = name
        self.was_ready = False
        self._ready_url = ready_url
        self._pause_s = FIRST_PAUSE_S
        self.start()

    def start(self) -> None:
        """Starts the process, in a group of its own: a signal to the container must not reach both at once."""
        self.is_ready = False  # in this life
        self._started = time.monotonic()
        self._process = subprocess.Popen(["sd-server", self.name], process_group=0)

    def look(self) -> None:
        """Notes readiness; starts the process again if it ended.

        Raises:
            SystemExit: it gave up before it was ever ready.
        """
        status = self._process.poll()
        if status is None:
            self.is_ready = self.is_ready or answer(self._ready_url)[0] == HTTPStatus.OK
            self.was_ready = self.was_ready or self.is_ready
        elif self.was_ready or status < 0 or status > SHELL_SIGNAL:
            self._start_again(status)
        else:
            say(f"{self.name} gave up with status {status} before it was ready; the container ends with it.")
            raise SystemExit(status)

    def runs(self) -> bool:
        """Whether the process is there."""
        return self._process.poll() is None

    def stop(self) -> None:
        """Asks the process to end, and ends it when that takes too long: Triton needs a second for each adapter."""
        self._process.terminate()
        try:
            self._process.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def next_pause_s(self, ran_for_s: float) -> float:
        """How long to wait before the next start: twice as long as last time, unless it ran steadily in between."""
        pause_s = FIRST_PAUSE_S if ran_for_s > STEADY_AFTER_S else self._pause_s
        self._pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
        return pause_s

    def _start_again(self, status: int) -> None:
        pause_s = self.next_pause_s(time.monotonic() - self._started)
        say(f"{self.name} ended with status {status}; it starts again in {pause_s:.0f} s.")
        time.sleep(pause_s)
        self.start()


def main() -> None:
    """Runs until somebody asks to stop."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stop_requested)
    engine = triton = None
    try:
        engine = Half("engine", f"{ENGINE}/readyz")
        wait_for_layout(engine)
        triton = Half("triton", TRITON_READY)
        watch(engine, triton)
    except StopRequestedError:
        say("Stopping: what is in flight is finished first.")
        wait_until_idle(engine)
    finally:
        for half in filter(None, (triton, engine)):
            half.stop()


def wait_for_layout(engine: Half) -> None:
    """Returns once the engine's image has laid out what Triton is started with."""
    start_triton = Path(os.environ.get("SD_RUN_DIR", "/run/sd"), "start-triton")
    while not start_triton.exists():
        time.sleep(LOOK_EVERY_S / 10)
        engine.look()


def watch(engine: Half, triton: Half) -> None:
    """Looks after both for ever; an adapter that stays dead restarts Triton, as kubelet does in a pod."""
    looks_with_dead_adapter = 0
    while True:
        time.sleep(LOOK_EVERY_S)
        engine.look()
        triton.look()
        # While Triton starts, its adapters come one after the other, on a slow machine very slowly.
        complaint = triton.is_ready and answer(f"{ENGINE}/adapterz")[0] == HTTPStatus.SERVICE_UNAVAILABLE
        looks_with_dead_adapter = looks_with_dead_adapter + 1 if complaint else 0
        if looks_with_dead_adapter == DEAD_ADAPTER_LOOKS:
            say("Some of Triton's adapters are dead; Triton starts again.")
            triton.stop()


def wait_until_idle(engine: Half | None) -> None:
    """Returns once the engine works on nothing any more, has gone, or an hour has passed."""
    give_up = time.monotonic() + LONGEST_DRAIN_S
    while engine is not None and engine.runs() and time.monotonic() < give_up:
        in_flight = IN_FLIGHT.search(answer(f"{ENGINE}/metrics")[1])
        if in_flight is not None and float(in_flight[1]) == 0:  # an engine that is too busy to answer is not idle
            return
        time.sleep(LOOK_EVERY_S / 4)


def answer(url: str) -> tuple[int, str]:
    """The status and the text behind a local URL; status 0 where nobody answers in time."""
    try:
        with urllib.request.urlopen(url, timeout=2) as response:  # noqa: S310 - always http to this host
            return response.status, response.read().decode()
    except urllib.error.HTTPError as refusal:
        return refusal.code, refusal.reason
    except (OSError, HTTPException):  # nobody there, or gone in the middle of the answer
        return 0, ""


def say(sentence: str) -> None:
    """One line in the container's log."""
    sys.stderr.write(f"sd-server: {sentence}\n")
    sys.stderr.flush()


def _stop_requested(number: int, _frame: object) -> None:
    signal.signal(number, signal.SIG_IGN)
    raise StopRequestedError


if __name__ == "__main__":
    main()
