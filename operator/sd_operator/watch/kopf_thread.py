"""One life of kopf, in a thread and an event loop of its own."""

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, cast

import kopf

from sd_operator.resources import Manifest, Resource
from sd_operator.watch import handlers

PATIENCE_S = 10.0
"""kopf ends within a second. A thread that does not is left to itself: it only reads."""

IDENTITY = cast("Any", "sd-triton-operator")
"""kopf's own guess needs the user to have a name, and without peering nobody reads it."""


class KopfThread:
    """Starts when it is made. `deliver` and `up` are called in the event loop that it is made in."""

    def __init__(
        self,
        watched: tuple[Resource, ...],
        namespaces: tuple[str, ...],
        deliver: handlers.Deliver,
        up: Callable[[], None],
    ) -> None:
        self._home = asyncio.get_running_loop()
        self._watched = watched
        self._where: dict[str, Any] = {"namespaces": namespaces} if namespaces else {"clusterwide": True}
        self._deliver = deliver
        self._handed = deque[tuple[str | None, dict[str, Any]]]()
        self._called = False
        self._stop, self._ready = Future[None](), Future[None]()
        self._ready.add_done_callback(lambda _ready: self._home.call_soon_threadsafe(up))
        self.ending = asyncio.Event()
        self.ended: asyncio.Future[BaseException | None] = self._home.create_future()
        threading.Thread(target=self._live, name="watches", daemon=True).start()

    async def stop(self) -> None:
        """Asks kopf to end, and waits for that; what a thread that goes on all the same sees is not heard any more."""
        self._ask_to_end()
        await asyncio.wait([self.ended], timeout=PATIENCE_S)
        self._deliver = _not_heard

    def why(self) -> str:
        """Why it ended."""
        error = self.ended.result() if self.ended.done() else None
        return "kopf gave no reason." if error is None else str(error) or repr(error)

    def _live(self) -> None:
        with asyncio.Runner() as runner:
            life = runner.get_loop().create_task(self._operate())
            runner.run(asyncio.wait([life]))
        error = None if life.cancelled() else life.exception()
        self._home.call_soon_threadsafe(self._end, error)

    def _end(self, error: BaseException | None) -> None:
        if not self.ended.done():
            self.ended.set_result(error)

    async def _operate(self) -> None:
        ours = asyncio.all_tasks()
        try:
            parts = await kopf.spawn_tasks(
                registry=handlers.registry(self._watched, self._hand_over),
                settings=handlers.settings(self._watched),
                identity=IDENTITY,
                ready_flag=self._ready,
                stop_flag=self._stop,
                **self._where,
            )
            await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
            self._home.call_soon_threadsafe(self.ending.set)
            if not self._stop.done():
                _end_watches()
            await kopf.run_tasks(parts, ignored=ours)
        finally:
            self._ask_to_end()  # a thread of kopf's waits for it

    def _ask_to_end(self) -> None:
        if not self._stop.done():
            self._stop.set_result(None)

    def _hand_over(self, event: str | None, seen: dict[str, Any]) -> None:
        self._handed.append((event, seen))
        if not self._called:  # one call for all that comes before it is answered
            self._called = True
            self._home.call_soon_threadsafe(self._take)

    def _take(self) -> None:
        self._called = False  # first, so that what is handed over from now on calls again
        while self._handed:
            self._deliver(*self._handed.popleft())


def _end_watches() -> None:
    """Ends each watch before kopf, in its own end, ends what the watches wait for: those would take that for a pause.

    Such a watch goes on for ever, and kopf with it.
    """
    for task in asyncio.all_tasks():
        if task.get_name().startswith("watcher for "):
            task.cancel()


def _not_heard(_event: str | None, _seen: Manifest) -> None:
    """What a thread says that was given up."""
