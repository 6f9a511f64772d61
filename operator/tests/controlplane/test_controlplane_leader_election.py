"""Of two operators only the leader writes, and the other takes over within seconds when the leader stops."""

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
"""The Lease that the chart's Role permits."""
FAILOVER_S = 20
RELEASE_FAILOVER_S = 8
"""Shorter than the time until a Lease that was not released expires: 10 s after a renewal that is at most 1.5 s old."""


@contextmanager
def two_operators(plane: ControlPlane, namespace: str) -> Iterator[tuple[RunningOperator, RunningOperator]]:
    """A leader and a standby."""
    plane.kubectl("delete", "lease", LEASE, "--namespace=sd-triton", "--ignore-not-found")
    with running_operator(plane, lease=LEASE, SD_WATCH_NAMESPACES=namespace) as first:
        eventually(lambda: first.is_leader, "the first becomes the leader")
        with running_operator(plane, lease=LEASE, SD_WATCH_NAMESPACES=namespace) as second:
            yield first, second


def failover_s(second: RunningOperator, since_s: float) -> float:
    """Wait until the second is the leader; return the seconds since a time."""
    eventually(lambda: second.is_leader, "the second becomes the leader", FAILOVER_S)
    return time.monotonic() - since_s


@contextmanager
def continuous_changes(testbed: OperatorTestbed) -> Iterator[None]:
    """Change the spec of a service several times per second until the block ends."""
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


def user_agent(operator: RunningOperator) -> str:
    """The user agent in the operator's requests."""
    return f"sd-triton-operator/{operator.name}"


def write_count(plane: ControlPlane, operator: RunningOperator, since: datetime) -> int:
    """The number of an operator's writes since a time."""
    times = [event["requestReceivedTimestamp"] for event in plane.operator_writes(user_agent(operator))]
    return sum(time > since.strftime("%Y-%m-%dT%H:%M:%S.%fZ") for time in times)


def test_a_standby_is_ready_and_writes_nothing(plane: ControlPlane, namespace: str) -> None:
    with two_operators(plane, namespace) as (first, second):
        testbed = OperatorTestbed(plane, first, namespace)
        testbed.apply(DEMO)
        testbed.wait_until_settled()
        assert (first.is_leader, second.is_leader, second.is_ready()) == (True, False, True)
        assert plane.operator_writes(user_agent(first))
        assert not plane.operator_writes(user_agent(second))
        testbed.kubectl("delete", "diar", "--all")


def test_a_leader_that_is_terminated_releases_the_lease(plane: ControlPlane, namespace: str) -> None:
    with (
        two_operators(plane, namespace) as (first, second),
        continuous_changes(OperatorTestbed(plane, first, namespace)),
    ):
        terminated_s = time.monotonic()
        first.signal(signal.SIGTERM)
        assert failover_s(second, terminated_s) < RELEASE_FAILOVER_S
        assert first.process.wait(timeout=20) == 0
        eventually(lambda: plane.operator_writes(user_agent(second)), "the second writes")


def test_a_standby_replaces_a_killed_leader_within_twenty_seconds(plane: ControlPlane, namespace: str) -> None:
    with (
        two_operators(plane, namespace) as (first, second),
        continuous_changes(OperatorTestbed(plane, first, namespace)),
    ):
        killed_s = time.monotonic()
        first.signal(signal.SIGKILL)
        assert failover_s(second, killed_s) < FAILOVER_S
        eventually(lambda: plane.operator_writes(user_agent(second)), "the second writes")


def test_a_suspended_leader_writes_nothing_after_it_lost_the_lease(plane: ControlPlane, namespace: str) -> None:
    with (
        two_operators(plane, namespace) as (first, second),
        continuous_changes(OperatorTestbed(plane, first, namespace)),
    ):
        eventually(lambda: plane.operator_writes(user_agent(first)), "the first writes")
        suspended_s = time.monotonic()
        first.signal(signal.SIGSTOP)
        assert failover_s(second, suspended_s) < FAILOVER_S
        lost_at = datetime.now(UTC)
        first.signal(signal.SIGCONT)
        eventually(lambda: not first.is_leader, "the first observes that it lost the Lease")
        time.sleep(4)  # both observe further changes meanwhile
        eventually(lambda: write_count(plane, second, lost_at) > 5, "the second writes", 20)
        assert write_count(plane, first, lost_at) == 0
        assert first.process.poll() is None  # the process keeps running as a standby
        second.signal(signal.SIGTERM)
        eventually(lambda: first.is_leader, "the first becomes the leader again")
        regained_at = datetime.now(UTC)
        eventually(lambda: write_count(plane, first, regained_at) > 2, "the first writes again")
