"""What the decoding workers do with a recording in a memfd: measure it, then decode it.

| job      | question                           | answer             | with                               |
|----------|------------------------------------|--------------------|------------------------------------|
| measure  | `{"max_duration_s"}`               | `{"duration_s"}`   |                                    |
| decode   | `{"max_duration_s", "duration_s"}` | `{"samples": N}`   | a sealed memfd of float32, 16 kHz  |
"""

from __future__ import annotations

import os

from sd_engine import wire
from sd_engine.audio import decode, duration, sample_memory
from sd_engine.workers.rlimits import MEBIBYTE, Limits

MEASURE_LIMITS = Limits(cpu_s=30, memory_bytes=128 * MEBIBYTE)
DECODE_LIMITS = Limits(cpu_s=120, memory_bytes=256 * MEBIBYTE)
_SAMPLE_BYTES = 4


def measure(question: wire.Message, memory_fds: list[int]) -> tuple[wire.Message, None]:
    """How long a recording is, from its packets.

    Raises:
        InvalidArgumentError: it is no recording that is allowed, or longer than `max_duration_s`.
    """
    with open(memory_fds[0], "rb", closefd=False) as file:
        return {"duration_s": duration.counted_s(file, max_duration_s=question["max_duration_s"])}, None


def decoded(question: wire.Message, memory_fds: list[int]) -> tuple[wire.Message, int]:
    """Its samples. `duration_s` is what `measure` said.

    Raises:
        InvalidArgumentError: it cannot be decoded whole, or is longer than it seemed.
    """
    with open(memory_fds[0], "rb", closefd=False) as file:
        blocks = decode.blocks(file, max_duration_s=question["max_duration_s"], promised_s=question["duration_s"])
        memory_fd = sample_memory.write(blocks)
    return {"samples": os.fstat(memory_fd).st_size // _SAMPLE_BYTES}, memory_fd
