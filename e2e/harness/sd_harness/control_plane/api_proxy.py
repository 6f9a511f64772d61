"""HTTP proxy between the operator and the API server that records requests and injects faults."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from sd_harness.control_plane.control_plane import ControlPlane
from sd_harness.control_plane.processes import free_port
from sd_harness.control_plane.proxy_server import Fault, ProxiedRequest, ProxyServer

Result = TypeVar("Result")


class ApiProxy:
    """Controls a ProxyServer that runs in a thread of its own; its methods are called from the test's thread."""

    def __init__(self, plane: ControlPlane) -> None:
        self._server = ProxyServer(plane.url, free_port())
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self.kubeconfig: Path = plane.kubeconfig_for(f"http://127.0.0.1:{self._server.port}")
        """Kubeconfig of an operator that connects through this proxy."""

    def open(self) -> None:
        """Start the thread and the server."""
        self._thread.start()
        self._call(self._server.open())

    def close(self) -> None:
        """Stop the server and the thread."""
        self._call(self._server.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    @property
    def requests(self) -> list[ProxiedRequest]:
        """All requests so far."""
        return self._server.requests

    def call_after_writes(self, callback: Callable[[int], None]) -> None:
        """Call the callback with the number of writes so far after each write, before its response is forwarded."""
        self._server.after_write = callback

    def disconnect(self) -> None:
        """Close every connection and refuse new ones."""
        self._call(self._server.disconnect())

    def restore(self) -> None:
        """Accept connections and forward traffic again, including what was held back."""
        self._call(self._server.restore())

    def stall(self) -> None:
        """Keep and accept connections, but forward nothing in either direction."""
        self._call(self._server.stall())

    def stall_watches(self) -> None:
        """Stop forwarding the events of all current watches; forward everything else."""
        self._call(self._server.stall_watches())

    def fail_watches(self, code: int) -> None:
        """Send an ERROR event on each watch, as the API server does for an expired resourceVersion."""
        self._call(self._server.fail_watches(code))

    def inject(
        self, status: int, times: int, matches: Callable[[ProxiedRequest], bool] = lambda _request: True
    ) -> None:
        """Respond to the next matching requests with that status without forwarding them."""
        self._server.faults.append(Fault(status, times, matches))

    def all_faults_used(self) -> bool:
        """Return True if every injected error response was sent."""
        return all(fault.times == 0 for fault in self._server.faults)

    def _call(self, coroutine: Coroutine[Any, Any, Result]) -> Result:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(10)


@contextmanager
def proxied(plane: ControlPlane) -> Iterator[ApiProxy]:
    """Run a proxy in front of the control plane's API server until the block ends."""
    proxy = ApiProxy(plane)
    proxy.open()
    try:
        yield proxy
    finally:
        proxy.close()
