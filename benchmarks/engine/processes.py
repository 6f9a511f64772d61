"""Process trees in /proc: CPU time and open file descriptors."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_PARENT, _CPU = 1, slice(11, 15)
"""Fields of /proc/PID/stat after the name (proc(5)): parent; user and system time, own and of reaped children."""


def tree(root: int) -> list[int]:
    """Return the ids of a process and of its running descendants."""
    children: dict[int, list[int]] = {}
    for process_id in _all_processes():
        if fields := _stat(process_id):
            children.setdefault(int(fields[_PARENT]), []).append(process_id)
    result = [root]
    for process_id in result:  # grows during the iteration
        result += children.get(process_id, [])
    return result


def cpu_s(root: int) -> float:
    """Return the CPU time of the whole tree, including children that have exited."""
    ticks = sum(sum(map(int, fields[_CPU])) for process_id in tree(root) if (fields := _stat(process_id)))
    return ticks / _TICKS_PER_S


def open_files(process_id: int) -> list[str]:
    """Return the targets of a process's descriptors; empty if it has exited."""
    return [target for _, target in descriptors(process_id)]


def descriptors(process_id: int) -> Iterator[tuple[Path, str]]:
    """Yield the links in /proc/PID/fd and their targets."""
    try:
        links = list(Path(f"/proc/{process_id}/fd").iterdir())
    except (FileNotFoundError, ProcessLookupError):
        return
    for link in links:
        try:
            yield link, str(link.readlink())
        except (FileNotFoundError, ProcessLookupError):
            continue  # the descriptor was closed


def _all_processes() -> Iterator[int]:
    return (int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit())


def _stat(process_id: int) -> list[str] | None:
    try:
        return Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
