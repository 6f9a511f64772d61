"""Two operators: one writes at a time, whatever happens to it, and the other goes on within seconds."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from sd_harness.control_plane.control_plane import ControlPlane
from sd_harness.control_plane.operator_process import RunningOperator, running_operator
from sd_harness.control_plane.operator_testbed import OperatorTestbed
from sd_harness.control_plane.processes import eventually
from sd_harness.services.service_specs import DEMO

LEASE = "sd-triton-operator"
"""The chart's own: its Role is what these operators have."""
HAND_OVER_S = 20
RELEASED_S = 8
"""One that was not released is waited for longer: 10 s from its last renewal, 1.5 s old at most."""


@contextmanager
def two_operators(plane: ControlPlane, namespace: str) -> Iterator[tuple[RunningOperator, RunningOperator]]:
    """One that works and one that waits."""
    plane.kubectl("delete", "lease", LEASE, "--namespace=sd-triton", "--ignore-not-found")
    with running_operator(plane, lease=LEASE, SD_WATCH_NAMESPACES=namespace) as first:
        eventually(lambda: first.is_leader, "the first holds the Lease")
        with running_operator(plane, lease=LEASE, SD_WATCH_NAMESPACES=namespace) as second:
            yield first, second


def took_over_s(second: RunningOperator, since_s: float) -> float:
    """After how many seconds the second holds the Lease."""
    eventually(lambda: second.is_leader, "the second holds the Lease", HAND_OVER_S)
    return time.monotonic() - since_s


@contextmanager
def changes(testbed: OperatorTestbed) -> Iterator[None]:
    """A service whose spec changes several times a second for as long as the block runs."""
    ended = threading.Event()

    def change() -> None:
        for number in range(10**6):
            if ended.wait(0.2):
                return
            patch = f'--patch={{"spec": {{"serving": {{"adapters": {1 + number % 16}}}}}}}'
            testbed.kubectl("patch", "diar", "demo", "--type=merge", patch)

    testbed.apply(DEMO)
    changing = threading.Thread(target=change)
    changing.start()
    try:
        yield
    finally:
        ended.set()
        changing.join()
        testbed.kubectl("delete", "diar", "--all")


def agent(operator: RunningOperator) -> str:
    """How an operator presents itself to the API server."""
    return f"sd-triton-operator/{operator.name}"


def writes_of(plane: ControlPlane, operator: RunningOperator, since: datetime) -> int:
    """How often an operator wrote since a moment."""
    times = [event["requestReceivedTimestamp"] for event in plane.operator_writes(agent(operator))]
    return sum(time > since.strftime("%Y-%m-%dT%H:%M:%S.%fZ") for time in times)


def test_who_waits_is_ready_and_writes_nothing(plane: ControlPlane, namespace: str) -> None:
    with two_operators(plane, namespace) as (first, second):
        testbed = OperatorTestbed(plane, first, namespace)
        testbed.apply(DEMO)
        testbed.wait_until_settled()
        assert (first.is_leader, second.is_leader, second.is_ready()) == (True, False, True)
        assert plane.operator_writes(agent(first))
        assert not plane.operator_writes(agent(second))
        testbed.kubectl("delete", "diar", "--all")


def test_an_orderly_stop_hands_over_at_once(plane: ControlPlane, namespace: str) -> None:
    with two_operators(plane, namespace) as (first, second), changes(OperatorTestbed(plane, first, namespace)):
        asked_s = time.monotonic()
        first.signal(signal.SIGTERM)
        assert took_over_s(second, asked_s) < RELEASED_S
        assert first.process.wait(timeout=20) == 0
        eventually(lambda: plane.operator_writes(agent(second)), "the second writes")


def test_a_killed_leader_is_followed_within_twenty_seconds(plane: ControlPlane, namespace: str) -> None:
    with two_operators(plane, namespace) as (first, second), changes(OperatorTestbed(plane, first, namespace)):
        killed_s = time.monotonic()
        first.signal(signal.SIGKILL)
        assert took_over_s(second, killed_s) < HAND_OVER_S
        eventually(lambda: plane.operator_writes(agent(second)), "the second writes")


def test_a_frozen_leader_writes_nothing_after_it_lost_the_lease(plane: ControlPlane, namespace: str) -> None:
    with two_operators(plane, namespace) as (first, second), changes(OperatorTestbed(plane, first, namespace)):
        eventually(lambda: plane.operator_writes(agent(first)), "the first writes")
        frozen_s = time.monotonic()
        first.signal(signal.SIGSTOP)
        assert took_over_s(second, frozen_s) < HAND_OVER_S
        lost = datetime.now(UTC)
        first.signal(signal.SIGCONT)
        eventually(lambda: not first.is_leader, "the first has noticed")
        time.sleep(4)  # changes come in all the while, and both see them
        eventually(lambda: writes_of(plane, second, lost) > 5, "the second writes", 20)
        assert writes_of(plane, first, lost) == 0
        assert first.process.poll() is None  # it stays, and waits
        second.signal(signal.SIGTERM)
        eventually(lambda: first.is_leader, "the first holds the Lease again")
        again = datetime.now(UTC)
        eventually(lambda: writes_of(plane, first, again) > 2, "the first writes again")
