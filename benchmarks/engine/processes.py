"""A process and all that descend from it, as /proc shows them: their CPU time and what they hold open."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_PARENT, _CPU = 1, slice(11, 15)
"""Among proc(5)'s fields of stat after the name: the parent; user and system time, own and of ended children."""


def tree(root: int) -> list[int]:
    """The process and its living descendants."""
    children: dict[int, list[int]] = {}
    for process_id in _all_processes():
        if fields := _stat(process_id):
            children.setdefault(int(fields[_PARENT]), []).append(process_id)
    found = [root]
    for process_id in found:  # grows while it is read
        found += children.get(process_id, [])
    return found


def cpu_s(root: int) -> float:
    """CPU time of the whole tree, with that of children which have ended: no second is counted twice or lost."""
    ticks = sum(sum(map(int, fields[_CPU])) for process_id in tree(root) if (fields := _stat(process_id)))
    return ticks / _TICKS_PER_S


def open_files(process_id: int) -> list[str]:
    """What a process's descriptors lead to; empty once it has ended."""
    return [target for _, target in descriptors(process_id)]


def descriptors(process_id: int) -> Iterator[tuple[Path, str]]:
    """The links in /proc/PID/fd and their targets."""
    try:
        links = list(Path(f"/proc/{process_id}/fd").iterdir())
    except (FileNotFoundError, ProcessLookupError):
        return
    for link in links:
        try:
            yield link, str(link.readlink())
        except (FileNotFoundError, ProcessLookupError):
            continue  # closed meanwhile


def _all_processes() -> Iterator[int]:
    return (int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit())


def _stat(process_id: int) -> list[str] | None:
    try:
        return Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
