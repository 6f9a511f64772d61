"""The socket's protocol: messages, memfds, and the loss of a connection."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator

import pytest
from sd_engine import wire


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    first, second = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with first, second:
        yield first, second


def test_messages_arrive_whole_and_in_order(pair: tuple[socket.socket, socket.socket]) -> None:
    sender, receiver = pair
    for number in range(3):
        wire.send(sender, {"type": "cancel", "number": number, "text": "ä" * number})

    assert [wire.receive(receiver) for _ in range(3)] == [
        ({"type": "cancel", "number": number, "text": "ä" * number}, None) for number in range(3)
    ]


@pytest.mark.parametrize("content", [b"", b"RIFF", bytes(range(256)) * 1000])
def test_a_memfd_arrives_with_its_content(pair: tuple[socket.socket, socket.socket], content: bytes) -> None:
    sender, receiver = pair
    memory_fd = wire.write_memory("recording", content)
    wire.send(sender, {"type": "diarize"}, memory_fd)
    os.close(memory_fd)

    message, received_fd = wire.receive(receiver)
    assert message == {"type": "diarize"}
    assert received_fd is not None
    assert wire.read_memory(received_fd) == content
    os.close(received_fd)


def test_blocks_are_written_one_after_another() -> None:
    memory_fd = wire.write_blocks("samples", [memoryview(b"ab"), memoryview(b""), memoryview(b"cde")])
    assert wire.read_memory(memory_fd) == b"abcde"
    os.close(memory_fd)


def test_the_receiver_of_a_memfd_cannot_change_it() -> None:
    memory_fd = wire.write_memory("recording", b"RIFF")
    with pytest.raises(PermissionError):
        os.write(memory_fd, b"x")
    with pytest.raises(PermissionError):
        os.truncate(memory_fd, 0)
    os.close(memory_fd)


def test_a_message_that_does_not_fit_into_a_packet_is_not_sent(pair: tuple[socket.socket, socket.socket]) -> None:
    sender, receiver = pair
    with pytest.raises(wire.MessageTooLongError, match=r"The message has \d+ bytes; at most 65536 fit into a packet\."):
        wire.send(sender, {"text": "x" * wire.MAX_PACKET_BYTES})
    wire.send(sender, {"text": "x" * (wire.MAX_PACKET_BYTES - 11)})

    assert len(wire.receive(receiver)[0]["text"]) == wire.MAX_PACKET_BYTES - 11


def test_a_closed_peer_is_a_lost_connection(pair: tuple[socket.socket, socket.socket]) -> None:
    first, second = pair
    second.close()

    with pytest.raises(wire.ConnectionLostError):
        wire.receive(first)
    with pytest.raises(wire.ConnectionLostError):
        wire.send(first, {"type": "hello"})
