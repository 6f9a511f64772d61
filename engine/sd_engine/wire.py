"""The socket between Triton's adapters and the engine: what the two say to each other, and how.

A Unix socket of type SOCK_SEQPACKET: one packet, one message, a JSON object. What is long (a recording, a timeline)
travels beside it as a memfd (SCM_RIGHTS), so nothing is copied and no packet grows with a recording.

| from     | message                                                                            | with  |
|----------|------------------------------------------------------------------------------------|-------|
| adapter  | `{"type": "hello", "adapter": NAME}` first of all                                  |       |
| adapter  | `{"type": "diarize", "call": N, "request_id": ID, "asked": {…}}`                   | memfd |
| adapter  | `{"type": "cancel", "call": N}`                                                    |       |
| engine   | `{"type": "result", "call": N}`                                                    | memfd |
| engine   | `{"type": "error", "call": N, "kind": KIND, "sentence": TEXT}`                     |       |

`call` numbers a connection's own calls. `asked` holds `num_speakers`, `min_speakers`, `max_speakers` (whole numbers)
and `include` (a list); what was not asked for is absent. Every `diarize` is answered exactly once, also after a
`cancel`. Standard library only: this file is laid beside Triton's `model.py` as well.
"""

from __future__ import annotations

import fcntl
import json
import mmap
import os
import socket
from collections.abc import Iterable
from typing import Any

Message = dict[str, Any]

INVALID_ARGUMENT = "invalid_argument"
UNAVAILABLE = "unavailable"
INTERNAL = "internal"

MAX_PACKET_BYTES = 64 * 1024
_SEALS = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE


class ConnectionLostError(ConnectionError):
    """The other side has gone."""


def send(connection: socket.socket, message: Message, memory_fd: int | None = None) -> None:
    """Sends one message, with a memfd where there is one. Safe from several threads: a packet is never torn.

    Raises:
        ConnectionLostError: the other side has gone.
    """
    packet = json.dumps(message, separators=(",", ":")).encode()
    try:
        if memory_fd is None:
            connection.send(packet)
        else:
            socket.send_fds(connection, [packet], [memory_fd])
    except (BrokenPipeError, ConnectionResetError) as error:
        raise ConnectionLostError("The other side of the engine's socket has gone.") from error


def receive(connection: socket.socket) -> tuple[Message, int | None]:
    """Waits for one message; the caller owns (and closes) the memfd that came with it.

    Raises:
        ConnectionLostError: the other side has gone.
    """
    try:
        packet, file_descriptors, flags, _ = socket.recv_fds(connection, MAX_PACKET_BYTES, 1)
    except ConnectionResetError as error:
        raise ConnectionLostError("The other side of the engine's socket has gone.") from error
    if not packet:
        raise ConnectionLostError("The other side of the engine's socket has gone.")
    if flags & socket.MSG_CTRUNC:
        raise ConnectionLostError("A memfd could not be taken: too many files are open. The connection is given up.")
    return json.loads(packet), file_descriptors[0] if file_descriptors else None


def write_memory(name: str, content: bytes | memoryview) -> int:
    """Puts `content` into a new sealed memfd, which nobody can change or shrink any more, and returns it."""
    return write_blocks(name, [memoryview(content)])


def write_blocks(name: str, blocks: Iterable[memoryview]) -> int:
    """The same, block by block as they come."""
    memory_fd = os.memfd_create(name, os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        for block in blocks:
            view = block.cast("B")
            while view:
                view = view[os.write(memory_fd, view) :]
        fcntl.fcntl(memory_fd, fcntl.F_ADD_SEALS, _SEALS)
    except BaseException:
        os.close(memory_fd)
        raise
    return memory_fd


def read_memory(memory_fd: int) -> bytes:
    """All that a memfd holds."""
    size_bytes = os.fstat(memory_fd).st_size
    if size_bytes == 0:
        return b""
    # Private: before Linux 6.7 the kernel shares no sealed memory, not even for reading.
    with mmap.mmap(memory_fd, size_bytes, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ) as view:
        return view[:]
