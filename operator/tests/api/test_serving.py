"""Limits of the server: preferred batch sizes and the queue. Tests of api/serving.py."""

import pytest
from pydantic import ValidationError
from sd_operator.api.serving import Serving


@pytest.mark.parametrize(("maximum", "sizes"), [(1, [1]), (6, [1, 2, 4]), (16, [1, 2, 4, 8, 16])])
def test_default_batch_sizes_are_powers_of_two_up_to_the_maximum(maximum: int, sizes: list[int]) -> None:
    assert Serving(max_batch_size=maximum).batch_sizes() == sizes


def test_preferred_batch_sizes_replace_the_default() -> None:
    assert Serving(preferred_batch_sizes=[3, 5]).batch_sizes() == [3, 5]


def test_queue_must_hold_the_longest_recording() -> None:
    assert Serving(max_audio_duration="60m", max_queued_audio="1h").max_queued_audio == "1h"
    with pytest.raises(ValidationError, match="maxQueuedAudio must be at least maxAudioDuration"):
        Serving(max_audio_duration="61m", max_queued_audio="1h")
