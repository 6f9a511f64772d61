"""Asks pods how much work they still owe: the engine's own `sd_backlog_seconds`."""

import asyncio
import math
import re
from collections.abc import Iterable

import aiohttp

from sd_operator.resources import ENGINE_PORT, Manifest

WITHIN_S = 2.0
_BACKLOG = re.compile(r"^sd_backlog_seconds (\S+)$", re.MULTILINE)


class PodBacklogReader:
    """Asks all at once and waits two seconds at most: a pod that does not answer counts as the busiest."""

    def __init__(self, port: int = ENGINE_PORT) -> None:
        self._port = port

    async def backlog_s(self, pods: Iterable[Manifest]) -> dict[str, float]:
        """Seconds of work by the pods' UIDs; infinite for a pod that does not say."""
        asked = [*pods]
        # No proxy and no environment: the addresses are the cluster's own.
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=WITHIN_S)) as session:
            answers = await asyncio.gather(*(self._ask(session, pod) for pod in asked))
        return {pod["metadata"]["uid"]: answer for pod, answer in zip(asked, answers, strict=True)}

    async def _ask(self, session: aiohttp.ClientSession, pod: Manifest) -> float:
        address = pod.get("status", {}).get("podIP")
        if not address:
            return 0.0  # it has not begun: nothing is lost with it
        host = f"[{address}]" if ":" in address else address
        try:
            async with session.get(f"http://{host}:{self._port}/metrics") as answer:
                return parse_backlog_s(await answer.text())
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
            return math.inf


def parse_backlog_s(page: str) -> float:
    """The gauge on a page of metrics; infinite where it is not there."""
    found = _BACKLOG.search(page)
    return float(found[1]) if found else math.inf
