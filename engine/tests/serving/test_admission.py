"""Admission control: requests in flight are counted and limited."""

from __future__ import annotations

import pytest
from sd_engine.errors import InvalidArgumentError, UnavailableError
from sd_engine.serving.admission import MEBIBYTE, AdmissionController


class Clock:
    """A clock that a test advances."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def admission(clock: Clock | None = None) -> AdmissionController:
    return AdmissionController(
        max_request_bytes=2 * MEBIBYTE,
        max_requests=3,
        max_queued_bytes=5 * MEBIBYTE,
        max_queued_audio_s=600,
        clock=clock or Clock(),
    )


def test_a_recording_larger_than_allowed_is_an_invalid_argument() -> None:
    with pytest.raises(InvalidArgumentError) as raised:
        admission().admit(3 * MEBIBYTE)

    assert str(raised.value) == (
        "The recording has 3145728 bytes; at most 2097152 are allowed (maxRequestBytes). "
        "Send it compressed (FLAC or Opus) or in parts."
    )


def test_audio_over_the_limit_is_rejected() -> None:
    full = admission()
    with full.admit(1) as first, full.admit(1) as second, full.admit(1) as third:
        first.reserve(300)
        second.reserve(300)
        with pytest.raises(UnavailableError) as raised:
            third.reserve(1)

    assert str(raised.value) == (
        "The engine is full: 600 s of audio are waiting, and 1 s more would exceed the allowed 600 s "
        "(maxQueuedAudio). Try again later, or give the service more replicas."
    )


def test_a_full_audio_queue_rejects_a_request_before_it_is_measured() -> None:
    full = admission()
    with full.admit(1) as first:
        first.reserve(600)
        with pytest.raises(UnavailableError) as raised:
            full.admit(1)

    assert str(raised.value) == (
        "The engine is full: 600 s of audio are waiting, and no more are allowed (maxQueuedAudio). "
        "Try again later, or give the service more replicas."
    )


def test_requests_over_the_limit_are_rejected() -> None:
    full = admission()
    with full.admit(1), full.admit(1), full.admit(1):
        with pytest.raises(UnavailableError) as raised:
            full.admit(1)
        assert full.in_flight() == 3

    assert str(raised.value) == (
        "The engine is full: 3 requests are in flight, and no more are allowed (adapters x maxBatchSize). "
        "Try again later, or give the service more replicas."
    )


def test_bytes_over_the_limit_are_rejected() -> None:
    full = admission()
    with full.admit(2 * MEBIBYTE), full.admit(2 * MEBIBYTE):
        with pytest.raises(UnavailableError) as raised:
            full.admit(2 * MEBIBYTE)
        with full.admit(MEBIBYTE):
            assert full.size_bytes() == 5 * MEBIBYTE
    assert full.size_bytes() == 0

    assert str(raised.value) == (
        "The engine is full: recordings of 4.0 MiB are waiting, and 2.0 MiB more would exceed the allowed 5.0 MiB "
        "(maxQueuedBytes). Try again later, or give the service more replicas."
    )


def test_a_request_that_has_ended_makes_room() -> None:
    queue = admission()
    with queue.admit(1) as first:
        first.reserve(600)
    with queue.admit(1) as second:
        second.reserve(600)
        assert queue.audio_s() == 600
    assert queue.audio_s() == 0


def test_a_reservation_replaces_the_previous_one() -> None:
    queue = admission()
    with queue.admit(1) as first, queue.admit(1) as second:
        first.reserve(500)
        first.reserve(100)
        second.reserve(500)
        assert queue.audio_s() == 600


def test_a_request_is_always_admitted_if_it_is_the_only_one() -> None:
    queue = admission()
    with queue.admit(1) as alone:
        alone.reserve(601)
        assert queue.audio_s() == 601
    small = AdmissionController(max_request_bytes=2, max_requests=1, max_queued_bytes=1, max_queued_audio_s=1)
    with small.admit(2):
        assert small.size_bytes() == 2


def test_a_rejected_request_changes_no_count() -> None:
    queue = admission()
    with queue.admit(1) as first:
        first.reserve(599)
        with pytest.raises(UnavailableError), queue.admit(1) as second:
            second.reserve(2)
        assert (queue.in_flight(), queue.size_bytes(), queue.audio_s()) == (1, 1, 599)


def test_audio_before_the_device_is_counted_separately() -> None:
    queue = admission()
    with queue.admit(1) as first, queue.admit(1) as second:
        first.reserve(100)
        second.reserve(50)
        assert queue.undecoded_audio_s() == 150
        first.is_on_device = True
        assert (queue.undecoded_audio_s(), queue.audio_s()) == (50, 150)


def test_idle_time_starts_when_the_last_request_ends() -> None:
    clock = Clock()
    queue = admission(clock)
    clock.now_s += 5
    assert queue.idle_s() == 5
    with queue.admit(1), queue.admit(1):
        clock.now_s += 7
        assert (queue.idle_s(), queue.in_flight()) == (0, 2)
    clock.now_s += 2
    assert queue.idle_s() == 2
