"""Damaged recordings: from a few sound files of every format, ten thousand that no encoder would write."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from functools import cache

from sd_harness.engine.recordings import FORMATS, encode, wav

from benchmarks.engine.conversations import Scene, conversation
from benchmarks.engine.voices import SAMPLE_RATE_HZ

SEED = 20260
HEADER_BYTES = 128
LONGEST_SPLICE = 4
EDGE_VALUES = (b"\x00", b"\xff", b"\x7f", b"\x80", b"\x01")
DURATIONS_S = (0.1, 0.3, 0.5)


@cache
def seeds() -> tuple[bytes, ...]:
    """Every format at every length."""
    voices, _ = conversation(Scene(seed=7, duration_s=max(DURATIONS_S), speakers=1))
    sounds = [wav(voices[: round(length_s * SAMPLE_RATE_HZ)]) for length_s in DURATIONS_S]
    return tuple(encode(sound, arguments) for sound in sounds for arguments in FORMATS.values())


def mutated(number: int) -> bytes:
    """The file of that number, always the same: one seed with one to three wounds, never empty."""
    chance = random.Random(f"{SEED}/{number}")  # noqa: S311 - reproducible, not secret
    content = bytearray(chance.choice(seeds()))
    for _ in range(chance.choice((1, 1, 2, 3))):
        chance.choice(MUTATIONS)(content, chance)
    return bytes(content) or b"\x00"


Mutation = Callable[[bytearray, random.Random], None]


def flip_bits(content: bytearray, chance: random.Random) -> None:
    for _ in range(chance.choice((1, 2, 8, 64))):
        if content:
            content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)


def truncate(content: bytearray, chance: random.Random) -> None:
    del content[chance.randrange(len(content) + 1) :]


def insert_bytes(content: bytearray, chance: random.Random) -> None:
    place = chance.randrange(len(content) + 1)
    content[place:place] = chance.randbytes(chance.choice((1, 2, 4, 16, 256)))


def remove_bytes(content: bytearray, chance: random.Random) -> None:
    place = chance.randrange(len(content) + 1)
    del content[place : place + chance.choice((1, 2, 4, 64, 1024))]


def edit_header(content: bytearray, chance: random.Random) -> None:
    """Sizes, rates, channel counts and lengths stand in a file's first bytes."""
    width = chance.choice((1, 2, 4, 8))
    place = chance.randrange(max(1, min(HEADER_BYTES, len(content)) - width))
    edge = chance.choice(EDGE_VALUES) * width if chance.random() < 0.6 else chance.randbytes(width)  # noqa: PLR2004 - taste
    content[place : place + width] = edge


def repeat_part(content: bytearray, chance: random.Random) -> None:
    place = chance.randrange(len(content) + 1)
    part = bytes(content[place : place + chance.choice((4, 64, 512))])
    content[place:place] = part * chance.randint(1, LONGEST_SPLICE)


def blank_part(content: bytearray, chance: random.Random) -> None:
    place = chance.randrange(len(content) + 1)
    part = content[place : place + chance.choice((4, 64, 512))]
    content[place : place + len(part)] = chance.choice(EDGE_VALUES) * len(part)


def splice(content: bytearray, chance: random.Random) -> None:
    """The beginning of one file, the end of another."""
    other = chance.choice(seeds())
    content[chance.randrange(len(content) + 1) :] = other[chance.randrange(len(other)) :]


MUTATIONS: Sequence[Mutation] = (
    flip_bits,
    truncate,
    insert_bytes,
    remove_bytes,
    edit_header,
    edit_header,  # where most of a format's promises are made
    repeat_part,
    blank_part,
    splice,
)
