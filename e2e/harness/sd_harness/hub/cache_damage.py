"""Ways to damage one file of a cache at a random position."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random

Damage = Callable[[Path, Random], object]


def _truncate(path: Path, random: Random) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: random.randrange(len(content))])


def _flip_bit(path: Path, random: Random) -> None:
    content = bytearray(path.read_bytes())
    content[random.randrange(len(content))] ^= 1 << random.randrange(8)
    path.write_bytes(content)


def _append(path: Path, random: Random) -> None:
    path.write_bytes(path.read_bytes() + random.randbytes(random.randrange(1, 2000)))


def _delete(path: Path, _: Random) -> None:
    path.unlink()


def _replace_by_link(path: Path, _: Random) -> None:
    target = path.with_name("target")
    path.rename(target)
    path.symlink_to(target)


def _add_file(path: Path, random: Random) -> None:
    path.with_name("added.py").write_bytes(random.randbytes(random.randrange(2000)))


DAMAGES: dict[str, Damage] = {
    "truncated": _truncate,
    "bit flipped": _flip_bit,
    "extended": _append,
    "deleted": _delete,
    "replaced by a link": _replace_by_link,
    "file added": _add_file,
}
