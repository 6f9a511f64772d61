"""One run of kopf in a thread with an event loop of its own."""

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, cast

import kopf

from sd_operator.resources import Manifest, Resource
from sd_operator.watch import handlers

STOP_TIMEOUT_S = 10.0
"""kopf usually stops within a second. A thread that does not stop is abandoned, which is safe because it only reads."""

IDENTITY = cast("Any", "sd-triton-operator")
"""kopf's default identity needs a user name; without peering the identity is not used."""


class KopfThread:
    """Starts kopf when created. `on_event` and `on_ready` are called in the event loop of the creating task."""

    def __init__(
        self,
        watched: tuple[Resource, ...],
        namespaces: tuple[str, ...],
        on_event: handlers.EventHandler,
        on_ready: Callable[[], None],
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._watched = watched
        self._scope: dict[str, Any] = {"namespaces": namespaces} if namespaces else {"clusterwide": True}
        self._on_event = on_event
        self._events = deque[tuple[str | None, dict[str, Any]]]()
        self._is_dispatch_scheduled = False
        self._stop_flag, self._ready_flag = Future[None](), Future[None]()
        self._ready_flag.add_done_callback(lambda _flag: self._loop.call_soon_threadsafe(on_ready))
        self.stopping = asyncio.Event()
        self.stopped: asyncio.Future[BaseException | None] = self._loop.create_future()
        threading.Thread(target=self._run, name="kopf", daemon=True).start()

    async def stop(self) -> None:
        """Stop kopf and wait for it; ignore the events of a thread that does not stop."""
        self._request_stop()
        await asyncio.wait([self.stopped], timeout=STOP_TIMEOUT_S)
        self._on_event = _ignore

    def stop_reason(self) -> str:
        """The error that stopped kopf."""
        error = self.stopped.result() if self.stopped.done() else None
        return "kopf gave no reason." if error is None else str(error) or repr(error)

    def _run(self) -> None:
        with asyncio.Runner() as runner:
            task = runner.get_loop().create_task(self._run_kopf())
            runner.run(asyncio.wait([task]))
        error = None if task.cancelled() else task.exception()
        self._loop.call_soon_threadsafe(self._set_stopped, error)

    def _set_stopped(self, error: BaseException | None) -> None:
        if not self.stopped.done():
            self.stopped.set_result(error)

    async def _run_kopf(self) -> None:
        own_tasks = asyncio.all_tasks()
        try:
            tasks = await kopf.spawn_tasks(
                registry=handlers.registry(self._watched, self._enqueue),
                settings=handlers.settings(self._watched),
                identity=IDENTITY,
                ready_flag=self._ready_flag,
                stop_flag=self._stop_flag,
                **self._scope,
            )
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            self._loop.call_soon_threadsafe(self.stopping.set)
            if not self._stop_flag.done():
                _cancel_watches()
            await kopf.run_tasks(tasks, ignored=own_tasks)
        finally:
            self._request_stop()  # a thread of kopf waits for the flag

    def _request_stop(self) -> None:
        if not self._stop_flag.done():
            self._stop_flag.set_result(None)

    def _enqueue(self, event_type: str | None, live: dict[str, Any]) -> None:
        self._events.append((event_type, live))
        if not self._is_dispatch_scheduled:  # one scheduled call dispatches all events that arrive before it runs
            self._is_dispatch_scheduled = True
            self._loop.call_soon_threadsafe(self._dispatch)

    def _dispatch(self) -> None:
        self._is_dispatch_scheduled = False  # before the loop, so that an event that arrives meanwhile is dispatched
        while self._events:
            self._on_event(*self._events.popleft())


def _cancel_watches() -> None:
    """Cancel each watch before kopf cancels the tasks that the watches wait for.

    A watch would take that for a pause and wait forever, and kopf with it.
    """
    for task in asyncio.all_tasks():
        if task.get_name().startswith("watcher for "):
            task.cancel()


def _ignore(_event_type: str | None, _live: Manifest) -> None:
    """Ignore an event of an abandoned thread."""
