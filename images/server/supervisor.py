"""Supervisor of a whole server in one container: runs the engine and Triton, restarts each, and stops both in order.

A process that exits by itself before it was ready once ends the container: its setting or model is invalid, and a
restart would only hide the reason. A process that crashes, or ends later, is restarted alone, with a growing delay.
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

ENGINE_URL = f"http://127.0.0.1:{os.environ.get('SD_HTTP_PORT', '8003')}"
TRITON_READY_URL = "http://127.0.0.1:8000/v2/health/ready"
POLL_S = 1.0
DRAIN_TIMEOUT_S = 3600.0
STOP_TIMEOUT_S = 5.0
LIVENESS_FAILURE_THRESHOLD = 3
FIRST_DELAY_S, MAX_DELAY_S, DELAY_RESET_S = 1.0, 30.0, 60.0
SHELL_SIGNAL_OFFSET = 128
"""A shell reports a child that was ended by a signal with this plus the signal's number."""
IN_FLIGHT = re.compile(r"^sd_requests_in_flight (\S+)$", re.MULTILINE)


class StopRequestedError(Exception):
    """The supervisor has received SIGTERM or SIGINT."""


class SupervisedProcess:
    """The engine or Triton, across its restarts."""

    def __init__(self, name: str, ready_url: str) -> None:
        self.name = name
        self._ready_url = ready_url
        self._was_ready = False
        self._delay_s = FIRST_DELAY_S
        self.start()

    def start(self) -> None:
        """Start the process in a group of its own, so that a signal to the container does not reach both at once."""
        self.is_ready = False
        self._started = time.monotonic()
        self._process = subprocess.Popen(["sd-server", self.name], process_group=0)

    def check(self) -> None:
        """Update readiness; restart the process if it has ended.

        Raises:
            SystemExit: the process exited by itself before it was ever ready.
        """
        status = self._process.poll()
        if status is None:
            self.is_ready = self.is_ready or get(self._ready_url)[0] == HTTPStatus.OK
            self._was_ready = self._was_ready or self.is_ready
        elif self._was_ready or status < 0 or status > SHELL_SIGNAL_OFFSET:
            self._restart(status)
        else:
            log(f"{self.name} exited with status {status} before it was ready; the container ends with this status.")
            raise SystemExit(status)

    def is_running(self) -> bool:
        """Return True if the process has not ended."""
        return self._process.poll() is None

    def stop(self) -> None:
        """Terminate the process; kill it after a timeout, as Triton needs a second for each adapter."""
        self._process.terminate()
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def next_delay_s(self, ran_for_s: float) -> float:
        """Return the delay before the next start: twice the previous one, unless the process ran for long enough."""
        delay_s = FIRST_DELAY_S if ran_for_s > DELAY_RESET_S else self._delay_s
        self._delay_s = min(2 * delay_s, MAX_DELAY_S)
        return delay_s

    def _restart(self, status: int) -> None:
        delay_s = self.next_delay_s(time.monotonic() - self._started)
        log(f"{self.name} ended with status {status}; restarting it in {delay_s:.0f} s.")
        time.sleep(delay_s)
        self.start()


def main() -> None:
    """Run both processes until SIGTERM or SIGINT."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _request_stop)
    engine = triton = None
    try:
        engine = SupervisedProcess("engine", f"{ENGINE_URL}/readyz")
        wait_for_model_repository(engine)
        triton = SupervisedProcess("triton", TRITON_READY_URL)
        supervise(engine, triton)
    except StopRequestedError:
        log("Stopping after the requests in flight have been completed.")
        drain(engine)
    finally:
        for process in filter(None, (triton, engine)):
            process.stop()


def wait_for_model_repository(engine: SupervisedProcess) -> None:
    """Wait until the engine's image has written the files that Triton is started with."""
    start_triton = Path(os.environ.get("SD_RUN_DIR", "/run/sd"), "start-triton")
    while not start_triton.exists():
        time.sleep(POLL_S / 10)
        engine.check()


def supervise(engine: SupervisedProcess, triton: SupervisedProcess) -> None:
    """Check both processes forever; restart Triton if an adapter stays missing, as the kubelet does in a pod."""
    failures = 0
    while True:
        time.sleep(POLL_S)
        engine.check()
        triton.check()
        # While Triton starts, its adapters connect one after another, which can take long on a slow machine.
        is_failing = triton.is_ready and get(f"{ENGINE_URL}/adapterz")[0] == HTTPStatus.SERVICE_UNAVAILABLE
        failures = failures + 1 if is_failing else 0
        if failures == LIVENESS_FAILURE_THRESHOLD:
            log("Some of Triton's adapters have ended; restarting Triton.")
            triton.stop()


def drain(engine: SupervisedProcess | None) -> None:
    """Wait until no request is in flight, the engine has ended, or the timeout has passed."""
    deadline = time.monotonic() + DRAIN_TIMEOUT_S
    while engine is not None and engine.is_running() and time.monotonic() < deadline:
        in_flight = IN_FLIGHT.search(get(f"{ENGINE_URL}/metrics")[1])
        if in_flight is not None and float(in_flight[1]) == 0:  # an engine that does not respond may be busy
            return
        time.sleep(POLL_S / 4)


def get(url: str) -> tuple[int, str]:
    """Return status and body of a local URL; status 0 if there is no response in time."""
    try:
        with urllib.request.urlopen(url, timeout=2) as response:  # noqa: S310 - always HTTP to this host
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.reason
    except (OSError, HTTPException):  # the server does not listen, or ended during the response
        return 0, ""


def log(message: str) -> None:
    """Write a line to the container's log."""
    sys.stderr.write(f"sd-server: {message}\n")
    sys.stderr.flush()


def _request_stop(number: int, _frame: object) -> None:
    signal.signal(number, signal.SIG_IGN)
    raise StopRequestedError


if __name__ == "__main__":
    main()
