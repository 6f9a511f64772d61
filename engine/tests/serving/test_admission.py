"""Requests are counted while they are in flight, and refused at once where there is no room."""

from __future__ import annotations

import pytest
from sd_engine.errors import InvalidArgumentError, UnavailableError
from sd_engine.serving.admission import MEBIBYTE, Admission


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def admission(clock: Clock | None = None) -> Admission:
    return Admission(
        max_request_bytes=2 * MEBIBYTE,
        max_requests=3,
        max_queued_bytes=5 * MEBIBYTE,
        max_queued_audio_s=600,
        clock=clock or Clock(),
    )


def test_a_recording_larger_than_allowed_is_the_callers_mistake() -> None:
    with pytest.raises(InvalidArgumentError) as refused:
        admission().admit(3 * MEBIBYTE)

    assert str(refused.value) == (
        "The recording is 3.0 MiB large; allowed are 2.0 MiB (maxRequestBytes). Send it as FLAC or Opus, or in parts."
    )


def test_audio_is_taken_until_the_queue_is_full() -> None:
    full = admission()
    with full.admit(1) as first, full.admit(1) as second, full.admit(1) as third:
        first.reserve(300)
        second.reserve(300)
        with pytest.raises(UnavailableError) as refused:
            third.reserve(1)

    assert str(refused.value) == (
        "The engine is full: 600 s of audio are waiting, and 1 s more would exceed the allowed 600 s "
        "(maxQueuedAudio). Try again later, or give the service more replicas."
    )


def test_a_full_audio_queue_refuses_before_anything_is_measured() -> None:
    full = admission()
    with full.admit(1) as first:
        first.reserve(600)
        with pytest.raises(UnavailableError) as refused:
            full.admit(1)

    assert str(refused.value) == (
        "The engine is full: 600 s of audio are waiting, and no more are allowed (maxQueuedAudio). "
        "Try again later, or give the service more replicas."
    )


def test_requests_are_taken_until_there_are_too_many() -> None:
    full = admission()
    with full.admit(1), full.admit(1), full.admit(1):
        with pytest.raises(UnavailableError) as refused:
            full.admit(1)
        assert full.requests() == 3

    assert str(refused.value) == (
        "The engine is full: 3 requests are in flight, and no more are allowed (adapters x maxBatchSize). "
        "Try again later, or give the service more replicas."
    )


def test_bytes_are_taken_until_they_are_too_many() -> None:
    full = admission()
    with full.admit(2 * MEBIBYTE), full.admit(2 * MEBIBYTE):
        with pytest.raises(UnavailableError) as refused:
            full.admit(2 * MEBIBYTE)
        with full.admit(MEBIBYTE):
            assert full.bytes() == 5 * MEBIBYTE
    assert full.bytes() == 0

    assert str(refused.value) == (
        "The engine is full: recordings of 4.0 MiB are waiting, and 2.0 MiB more would exceed the allowed 5.0 MiB "
        "(maxQueuedBytes). Try again later, or give the service more replicas."
    )


def test_what_has_left_makes_room() -> None:
    queue = admission()
    with queue.admit(1) as first:
        first.reserve(600)
    with queue.admit(1) as second:
        second.reserve(600)
        assert queue.audio_s() == 600
    assert queue.audio_s() == 0


def test_a_reservation_replaces_the_one_before() -> None:
    queue = admission()
    with queue.admit(1) as first, queue.admit(1) as second:
        first.reserve(500)
        first.reserve(100)
        second.reserve(500)
        assert queue.audio_s() == 600


def test_a_request_that_is_alone_always_finds_room() -> None:
    queue = admission()
    with queue.admit(1) as alone:
        alone.reserve(601)
        assert queue.audio_s() == 601
    small = Admission(max_request_bytes=2, max_requests=1, max_queued_bytes=1, max_queued_audio_s=1)
    with small.admit(2):
        assert small.bytes() == 2


def test_a_refused_request_leaves_no_trace() -> None:
    queue = admission()
    with queue.admit(1) as first:
        first.reserve(599)
        with pytest.raises(UnavailableError), queue.admit(1) as second:
            second.reserve(2)
        assert (queue.requests(), queue.bytes(), queue.audio_s()) == (1, 1, 599)


def test_what_is_on_its_way_to_the_device_is_counted_apart() -> None:
    queue = admission()
    with queue.admit(1) as first, queue.admit(1) as second:
        first.reserve(100)
        second.reserve(50)
        assert queue.ahead_s() == 150
        first.on_device = True
        assert (queue.ahead_s(), queue.audio_s()) == (50, 150)


def test_idleness_begins_when_the_last_request_has_left() -> None:
    clock = Clock()
    queue = admission(clock)
    clock.now_s += 5
    assert queue.idle_s() == 5
    with queue.admit(1), queue.admit(1):
        clock.now_s += 7
        assert (queue.idle_s(), queue.requests()) == (0, 2)
    clock.now_s += 2
    assert queue.idle_s() == 2
