"""Reads the backlog of pods: the engine's gauge `sd_backlog_seconds`."""

import asyncio
import math
import re
from collections.abc import Iterable

import aiohttp

from sd_operator.resources import ENGINE_PORT, Manifest

TIMEOUT_S = 2.0
_BACKLOG = re.compile(r"^sd_backlog_seconds (\S+)$", re.MULTILINE)


class PodBacklogReader:
    """Reads the metrics pages of pods concurrently. A pod that does not respond in time counts as the busiest."""

    def __init__(self, port: int = ENGINE_PORT) -> None:
        self._port = port

    async def backlog_s(self, pods: Iterable[Manifest]) -> dict[str, float]:
        """Seconds of pending work by pod UID; infinity for a pod that does not report it."""
        targets = [*pods]
        # No proxy, because pod addresses are internal to the cluster.
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT_S)) as session:
            backlogs = await asyncio.gather(*(self._read(session, pod) for pod in targets))
        return {pod["metadata"]["uid"]: backlog for pod, backlog in zip(targets, backlogs, strict=True)}

    async def _read(self, session: aiohttp.ClientSession, pod: Manifest) -> float:
        address = pod.get("status", {}).get("podIP")
        if not address:
            return 0.0  # a pod without an address has not started and has no work to lose
        host = f"[{address}]" if ":" in address else address
        try:
            async with session.get(f"http://{host}:{self._port}/metrics") as response:
                return parse_backlog_s(await response.text())
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
            return math.inf


def parse_backlog_s(page: str) -> float:
    """The gauge's value on a metrics page; infinity if the page does not have it."""
    found = _BACKLOG.search(page)
    return float(found[1]) if found else math.inf
