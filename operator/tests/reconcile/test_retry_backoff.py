"""What was refused is tried again soon, and with many services no more often in all than with forty."""

from sd_operator.kube.cache import Key
from sd_operator.reconcile.retry_backoff import AGAIN_S, TRIES_PER_S, Refused


def test_one_service_is_tried_again_within_ten_seconds() -> None:
    assert Refused().pause_s(Key("default", "demo"), refused=True) == AGAIN_S <= 10


def test_many_services_share_one_pace() -> None:
    refused = Refused()
    pauses_s = [refused.pause_s(Key("default", f"demo-{number}"), refused=True) for number in range(400)]
    assert pauses_s[:40] == [AGAIN_S] * 40
    assert pauses_s[-1] == 400 / TRIES_PER_S


def test_a_service_that_is_healed_no_longer_counts() -> None:
    refused, key = Refused(), Key("default", "demo")
    for number in range(399):
        refused.pause_s(Key("default", f"demo-{number}"), refused=True)
    assert refused.pause_s(key, refused=True) == 400 / TRIES_PER_S
    assert refused.pause_s(key, refused=False) is None
    for number in range(360):
        refused.pause_s(Key("default", f"demo-{number}"), refused=False)
    assert refused.pause_s(key, refused=True) == AGAIN_S
