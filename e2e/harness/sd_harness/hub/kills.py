"""A downloader that is killed when the hub has sent so many bytes; the sweep over all of a download is built on it."""

from __future__ import annotations

import time
from collections.abc import Callable

from sd_harness.hub.downloader_process import Supply
from sd_harness.hub.fake_hub import Hub

DRAINED_WITHIN_S = 30.0


def kill_after(supply: Supply, hub: Hub, sent_bytes: int, *, once: Callable[[], bool] = lambda: True) -> None:
    """Starts a download and kills it (SIGKILL) once that much of its files has left the hub.

    The hub then sends no more; `once` may hold the kill up until what is on its way has arrived.
    """
    process = supply.start_download(hub)

    def kill_when_reached(_: int) -> None:
        if hub.sent_bytes >= sent_bytes:
            give_up_s = time.monotonic() + DRAINED_WITHIN_S
            while not once() and time.monotonic() < give_up_s:
                time.sleep(0.01)
            process.kill()
            process.wait()

    hub.pace = kill_when_reached
    process.communicate(timeout=60)
    hub.pace = lambda _: None
