"""A downloader that is killed when the hub has sent so many bytes; the sweep over all of a download is built on it."""

from __future__ import annotations

from fake_hub import Hub
from supply_process import Supply


def kill_after(supply: Supply, hub: Hub, sent_bytes: int) -> None:
    """Starts a download and kills it (SIGKILL) once that much of its files has left the hub."""
    process = supply.start_download(hub)

    def kill_when_reached(_: int) -> None:
        if hub.sent_bytes >= sent_bytes:
            process.kill()
            process.wait()

    hub.pace = kill_when_reached
    process.communicate(timeout=60)
    hub.pace = lambda _: None
