"""Mutated recordings for fuzzing: valid files of every format with one to three random changes."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from functools import cache

from sd_harness.engine.recordings import FORMATS, encode, wav

from benchmarks.engine.recordings.conversations import Scene, conversation
from benchmarks.engine.recordings.voices import SAMPLE_RATE_HZ

SEED = 20260
HEADER_BYTES = 128
MAX_REPETITIONS = 4
EDGE_VALUES = (b"\x00", b"\xff", b"\x7f", b"\x80", b"\x01")
EDGE_VALUE_SHARE = 0.6
DURATIONS_S = (0.1, 0.3, 0.5)


@cache
def seeds() -> tuple[bytes, ...]:
    """Return valid recordings of every format and duration."""
    samples, _ = conversation(Scene(seed=7, duration_s=max(DURATIONS_S), speakers=1))
    recordings = [wav(samples[: round(duration_s * SAMPLE_RATE_HZ)]) for duration_s in DURATIONS_S]
    return tuple(encode(recording, arguments) for recording in recordings for arguments in FORMATS.values())


def mutated(number: int) -> bytes:
    """Return the mutated recording of this number: reproducible, and never empty."""
    rng = random.Random(f"{SEED}/{number}")  # noqa: S311 - reproducible, not secret
    content = bytearray(rng.choice(seeds()))
    for _ in range(rng.choice((1, 1, 2, 3))):
        rng.choice(MUTATIONS)(content, rng)
    return bytes(content) or b"\x00"


Mutation = Callable[[bytearray, random.Random], None]


def flip_bits(content: bytearray, rng: random.Random) -> None:
    for _ in range(rng.choice((1, 2, 8, 64))):
        if content:
            content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)


def truncate(content: bytearray, rng: random.Random) -> None:
    del content[rng.randrange(len(content) + 1) :]


def insert_bytes(content: bytearray, rng: random.Random) -> None:
    offset = rng.randrange(len(content) + 1)
    content[offset:offset] = rng.randbytes(rng.choice((1, 2, 4, 16, 256)))


def remove_bytes(content: bytearray, rng: random.Random) -> None:
    offset = rng.randrange(len(content) + 1)
    del content[offset : offset + rng.choice((1, 2, 4, 64, 1024))]


def edit_header(content: bytearray, rng: random.Random) -> None:
    """Overwrite a field near the beginning, where sizes, sample rates, channel counts and durations are stored."""
    width = rng.choice((1, 2, 4, 8))
    offset = rng.randrange(max(1, min(HEADER_BYTES, len(content)) - width))
    field = rng.choice(EDGE_VALUES) * width if rng.random() < EDGE_VALUE_SHARE else rng.randbytes(width)
    content[offset : offset + width] = field


def repeat_part(content: bytearray, rng: random.Random) -> None:
    offset = rng.randrange(len(content) + 1)
    part = bytes(content[offset : offset + rng.choice((4, 64, 512))])
    content[offset:offset] = part * rng.randint(1, MAX_REPETITIONS)


def blank_part(content: bytearray, rng: random.Random) -> None:
    offset = rng.randrange(len(content) + 1)
    part = content[offset : offset + rng.choice((4, 64, 512))]
    content[offset : offset + len(part)] = rng.choice(EDGE_VALUES) * len(part)


def splice(content: bytearray, rng: random.Random) -> None:
    """Join the beginning of this file and the end of another one."""
    other = rng.choice(seeds())
    content[rng.randrange(len(content) + 1) :] = other[rng.randrange(len(other)) :]


MUTATIONS: Sequence[Mutation] = (
    flip_bits,
    truncate,
    insert_bytes,
    remove_bytes,
    edit_header,
    edit_header,  # twice as often: a header declares most of a file's structure
    repeat_part,
    blank_part,
    splice,
)
