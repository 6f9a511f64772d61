"""What can befall one file of a cache, at a place that is drawn."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random

Damage = Callable[[Path, Random], object]


def _truncate(path: Path, draw: Random) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: draw.randrange(len(content))])


def _flip(path: Path, draw: Random) -> None:
    content = bytearray(path.read_bytes())
    content[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
    path.write_bytes(content)


def _lengthen(path: Path, draw: Random) -> None:
    path.write_bytes(path.read_bytes() + draw.randbytes(draw.randrange(1, 2000)))


def _lose(path: Path, _: Random) -> None:
    path.unlink()


def _link(path: Path, _: Random) -> None:
    aside = path.with_name("aside")
    path.rename(aside)
    path.symlink_to(aside)


def _add(path: Path, draw: Random) -> None:
    path.with_name("added.py").write_bytes(draw.randbytes(draw.randrange(2000)))


DAMAGES: dict[str, Damage] = {
    "truncated": _truncate,
    "flipped": _flip,
    "lengthened": _lengthen,
    "lost": _lose,
    "linked": _link,
    "added to": _add,
}
