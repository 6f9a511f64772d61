"""kopf runs in a thread of its own, passes events to its creator's event loop, and reports the error that stops it."""

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sd_harness.control_plane.fake_watch_server import FakeWatchServer, fake_watch_server
from sd_harness.services.live_objects import pod
from sd_operator.resources import PODS, Manifest
from sd_operator.watch.kopf_thread import KopfThread


@pytest.fixture
async def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FakeWatchServer]:
    """An API server that kopf's login finds in the kubeconfig."""
    async with fake_watch_server() as running:
        monkeypatch.setenv("KUBECONFIG", str(running.kubeconfig(tmp_path)))
        yield running


class Recorder:
    """Records the events of a KopfThread, and the threads in which they arrive."""

    def __init__(self) -> None:
        self.events: asyncio.Queue[tuple[str | None, str]] = asyncio.Queue()
        self.threads = set[threading.Thread]()
        self.ready = asyncio.Event()
        self.kopf = KopfThread((PODS,), (), self._on_event, self.ready.set)

    def _on_event(self, event_type: str | None, live: Manifest) -> None:
        self.threads.add(threading.current_thread())
        self.events.put_nowait((event_type, live["metadata"]["name"]))

    async def next_event(self) -> tuple[str | None, str]:
        """Wait for the next event."""
        return await asyncio.wait_for(self.events.get(), 10)


async def test_listed_objects_and_watch_events_arrive_in_the_creators_event_loop(server: FakeWatchServer) -> None:
    server.objects[PODS.plural].append(pod("listed"))
    recorder = Recorder()
    await asyncio.wait_for(recorder.ready.wait(), 10)
    assert await recorder.next_event() == (None, "listed")
    server.send_event(PODS, "ADDED", pod("added", version=11))
    assert await recorder.next_event() == ("ADDED", "added")
    assert recorder.threads == {threading.current_thread()}
    await recorder.kopf.stop()
    assert recorder.kopf.stopped.done()


async def test_an_error_that_is_fatal_for_kopf_stops_only_its_thread(server: FakeWatchServer) -> None:
    recorder = Recorder()
    await asyncio.wait_for(recorder.ready.wait(), 10)
    server.send_event(PODS, "ERROR", {"kind": "Status", "code": 500, "message": "etcd failed", "metadata": {}})
    await asyncio.wait_for(recorder.kopf.stopping.wait(), 10)
    await asyncio.wait_for(recorder.kopf.stopped, 10)
    assert "etcd failed" in recorder.kopf.stop_reason()
