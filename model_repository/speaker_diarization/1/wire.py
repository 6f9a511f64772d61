"""The protocol of the Unix socket between Triton's adapters and the engine.

The socket has the type SOCK_SEQPACKET: one packet is one message, a JSON object. Recordings and timelines travel
beside a message as a memfd (SCM_RIGHTS), so they are not copied and packets stay small.

| from     | message                                                                                           | with  |
|----------|---------------------------------------------------------------------------------------------------|-------|
| adapter  | `{"type": "hello", "adapter": NAME}`, first on each connection                                    |       |
| adapter  | `{"type": "diarize", "number": N, "request_id": ID, "options": {…}}`                              | memfd |
| adapter  | `{"type": "cancel", "number": N}`                                                                 |       |
| engine   | `{"type": "result", "number": N}`                                                                 | memfd |
| engine   | `{"type": "error", "number": N, "code": CODE, "message": TEXT}`                                   |       |

`number` numbers the requests of one connection. `options` holds `num_speakers`, the text of the input NUM_SPEAKERS, and
`parameters`, the v2 request parameters; the adapter does not check either. Every `diarize` receives exactly one
response, also after a `cancel`. Standard library only: a copy of this file lies beside Triton's `model.py`.
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
    """The peer has closed the connection."""


class MessageTooLongError(ValueError):
    """A message does not fit into a packet."""


_LOST = "The peer of the engine's socket has closed the connection."


def recording_too_large(size_bytes: int, limit_bytes: int) -> str:
    """Return the error message for a recording that exceeds `maxRequestBytes`."""
    return (
        f"The recording has {size_bytes} bytes; at most {limit_bytes} are allowed (maxRequestBytes). "
        "Send it compressed (FLAC or Opus) or in parts."
    )


def send(connection: socket.socket, message: Message, memory_fd: int | None = None) -> None:
    """Send one message, with a memfd if one is given. Thread-safe: packets are never interleaved.

    Raises:
        ConnectionLostError: the peer has closed the connection.
        MessageTooLongError: the message exceeds `MAX_PACKET_BYTES`.
    """
    packet = json.dumps(message, separators=(",", ":")).encode()
    if len(packet) > MAX_PACKET_BYTES:
        raise MessageTooLongError(f"The message has {len(packet)} bytes; at most {MAX_PACKET_BYTES} fit into a packet.")
    try:
        if memory_fd is None:
            connection.send(packet)
        else:
            socket.send_fds(connection, [packet], [memory_fd])
    except (BrokenPipeError, ConnectionResetError) as error:
        raise ConnectionLostError(_LOST) from error


def receive(connection: socket.socket) -> tuple[Message, int | None]:
    """Wait for one message and return it with its memfd, which the caller must close.

    Raises:
        ConnectionLostError: the peer has closed the connection, or its memfd could not be received.
    """
    try:
        packet, file_descriptors, flags, _ = socket.recv_fds(connection, MAX_PACKET_BYTES, 1)
    except ConnectionResetError as error:
        raise ConnectionLostError(_LOST) from error
    if not packet:
        raise ConnectionLostError(_LOST)
    if flags & socket.MSG_CTRUNC:
        raise ConnectionLostError("A memfd could not be received: too many files are open. The connection is closed.")
    return json.loads(packet), file_descriptors[0] if file_descriptors else None


def write_memory(name: str, content: bytes | memoryview) -> int:
    """Return a new sealed memfd that holds `content` and cannot be changed or shrunk."""
    return write_blocks(name, [memoryview(content)])


def write_blocks(name: str, blocks: Iterable[memoryview]) -> int:
    """Return a new sealed memfd that holds `blocks`, one after another."""
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
    """Return the content of a memfd."""
    size_bytes = os.fstat(memory_fd).st_size
    if size_bytes == 0:
        return b""
    # Linux before 6.7 does not allow a shared mapping of sealed memory, not even for reading.
    with mmap.mmap(memory_fd, size_bytes, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ) as view:
        return view[:]
