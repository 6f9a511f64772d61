"""The operator survives outages of the API server, requests without a response, and wrong responses."""

import re
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from sd_harness.control_plane.api_proxy import ApiProxy, proxied
from sd_harness.control_plane.control_plane import ControlPlane, Manifest
from sd_harness.control_plane.operator_process import RunningOperator, running_operator
from sd_harness.control_plane.operator_testbed import OperatorTestbed, condition
from sd_harness.control_plane.processes import eventually
from sd_harness.control_plane.proxy_server import ProxiedRequest
from sd_harness.services.service_specs import DEMO, with_demo


@dataclass(frozen=True)
class Outage:
    """A settled service, its operator, and the proxy between the operator and the API server."""

    testbed: OperatorTestbed
    proxy: ApiProxy

    @property
    def operator(self) -> RunningOperator:
        """The operator behind the proxy."""
        return self.testbed.operator

    def change_and_expect(self, adapters: int, within_s: float = 20) -> None:
        """Change the spec and delete a child; wait until the operator has reacted."""
        self.testbed.apply(with_demo(serving={"adapters": adapters}))
        self.testbed.kubectl("delete", "service", "demo", "--wait=false")
        self.expect(adapters, within_s)

    def expect(self, adapters: int, within_s: float = 20) -> None:
        """Wait until all children are as desired and the status is about the latest spec."""
        wanted = self.testbed.desired_children()
        eventually(lambda: self.testbed.children().keys() == wanted, "every child is there", within_s)
        eventually(lambda: self._adapters() == str(adapters), "the changed spec is carried out", within_s)
        eventually(self._is_status_current, "the status is of the latest spec", within_s)
        assert self.operator.process.poll() is None

    def _adapters(self) -> str:
        return self.testbed.settings().get("SD_ADAPTERS", "")

    def _is_status_current(self) -> bool:
        seen = self.testbed.get("diar") or {}
        return seen["status"]["observedGeneration"] == seen["metadata"]["generation"]


@pytest.fixture
def outage(plane: ControlPlane, namespace: str) -> Iterator[Outage]:
    """A settled service behind a proxy."""
    with (
        proxied(plane) as proxy,
        running_operator(
            plane, kubeconfig=proxy.kubeconfig, SD_WATCH_NAMESPACES=namespace, SD_RESYNC_SECONDS="600"
        ) as operator,
    ):
        testbed = OperatorTestbed(plane, operator, namespace)
        testbed.apply(DEMO)
        testbed.wait_until_settled()
        yield Outage(testbed, proxy)
        assert created_twice(plane, namespace) == {}
        testbed.kubectl("delete", "diar", "--all")


def created_twice(plane: ControlPlane, namespace: str) -> dict[tuple[str, str], int]:
    """Return what operators created more than once. The tests delete the Service, which may be created twice."""
    made = Counter(target(event["objectRef"]) for event in plane.operator_writes() if is_creation(event, namespace))
    return {what: number for what, number in made.items() if number > (2 if what == ("services", "demo") else 1)}


def target(reference: Manifest) -> tuple[str, str]:
    """Return resource and name of the object of a request."""
    return reference["resource"], reference.get("name", "")


def is_creation(event: Manifest, namespace: str) -> bool:
    """Return True if a write of the audit log created a child."""
    about = event["objectRef"]
    return event["responseStatus"]["code"] == 201 and about["namespace"] == namespace and about["resource"] != "events"


def test_changes_during_an_outage_are_reconciled_after_it(outage: Outage) -> None:
    outage.proxy.disconnect()
    outage.testbed.apply(with_demo(serving={"adapters": 5}))
    outage.testbed.kubectl("delete", "service", "demo", "--wait=false")
    time.sleep(3)
    assert outage.testbed.get("service") is None
    outage.proxy.restore()
    outage.expect(5)


def test_the_loss_of_the_lease_does_not_restart_the_operator(outage: Outage) -> None:
    outage.proxy.disconnect()
    eventually(lambda: not outage.operator.is_leader, "the Lease is lost")
    outage.testbed.apply(with_demo(serving={"adapters": 6}))
    outage.proxy.restore()
    outage.expect(6)
    assert outage.operator.is_leader


def test_changes_while_the_api_server_does_not_respond_are_reconciled_later(outage: Outage) -> None:
    outage.proxy.stall()
    outage.testbed.apply(with_demo(serving={"adapters": 7}))
    outage.testbed.kubectl("delete", "service", "demo", "--wait=false")
    time.sleep(4)
    assert outage.testbed.get("service") is None
    outage.proxy.restore()
    outage.expect(7)


@pytest.mark.parametrize("status", [410, 409, 429, 500])
def test_wrong_responses_to_requests_and_watches_are_survived(outage: Outage, status: int) -> None:
    outage.proxy.inject(status, 3, lambda request: request.is_write)
    outage.proxy.inject(status, 3, lambda request: request.is_watch)
    outage.proxy.inject(status, 2, lambda request: "/leases" in request.path)
    outage.proxy.fail_watches(410)
    outage.change_and_expect(8, within_s=30)
    eventually(outage.proxy.all_faults_used, "every wrong answer was given", 30)


@pytest.mark.parametrize("code", [410, 500])
def test_a_watch_is_restarted_after_an_error(outage: Outage, code: int) -> None:
    outage.proxy.fail_watches(code)
    outage.change_and_expect(9)


def test_a_deletion_that_a_watch_missed_is_found(outage: Outage) -> None:
    outage.proxy.stall_watches()
    outage.testbed.kubectl("delete", "service", "demo", "--wait=false")
    outage.proxy.fail_watches(410)
    outage.testbed.eventually("service", lambda seen: "deletionTimestamp" not in seen["metadata"])


def test_a_rejected_change_is_reported_and_retried(outage: Outage) -> None:
    rejecting = threading.Event()
    rejecting.set()
    outage.proxy.inject(
        403,
        1000,
        lambda request: rejecting.is_set() and request.method == "PATCH" and "/configmaps/demo-" in request.path,
    )
    outage.testbed.apply(with_demo(serving={"adapters": 4}))
    seen = outage.testbed.eventually("diar", lambda seen: condition(seen, "Ready")["reason"] == "RequestRejected")
    assert re.search(r"rejected ConfigMap demo-[0-9a-f]{10}: injected 403", condition(seen, "Ready")["message"])
    rejecting.clear()
    outage.expect(4)


def test_periodic_lists_replace_watches_that_deliver_nothing(plane: ControlPlane, namespace: str) -> None:
    with (
        proxied(plane) as proxy,
        running_operator(
            plane, kubeconfig=proxy.kubeconfig, SD_WATCH_NAMESPACES=namespace, SD_RESYNC_SECONDS="1"
        ) as operator,
    ):
        testbed = OperatorTestbed(plane, operator, namespace)
        testbed.apply(DEMO)
        testbed.wait_until_settled()
        proxy.stall_watches()
        Outage(testbed, proxy).change_and_expect(3)
        testbed.kubectl("delete", "diar", "--all")
        eventually(lambda: not testbed.children(), "the children are gone")


def test_deletions_while_no_operator_runs_are_seen_by_the_next_one(plane: ControlPlane, namespace: str) -> None:
    with running_operator(plane, SD_WATCH_NAMESPACES=namespace) as operator:
        testbed = OperatorTestbed(plane, operator, namespace)
        for name in ("demo", "other"):
            testbed.apply(DEMO, name)
            testbed.wait_until_settled(name)
    testbed.kubectl("delete", "diar", "other")
    testbed.kubectl("delete", "service", "demo")
    with running_operator(plane, SD_WATCH_NAMESPACES=namespace):
        testbed.eventually("service", lambda seen: seen["metadata"]["name"] == "demo")
        eventually(lambda: not testbed.children("other"), "nothing of the other is left")
        testbed.wait_until_settled()
        testbed.kubectl("delete", "diar", "--all")


def test_a_child_that_is_deleted_before_its_watch_starts_is_created_again(plane: ControlPlane, namespace: str) -> None:
    with running_operator(plane, SD_WATCH_NAMESPACES=namespace) as operator:
        testbed = OperatorTestbed(plane, operator, namespace)
        testbed.apply(DEMO)
        testbed.wait_until_settled()
    with proxied(plane) as proxy:
        unheard = threading.Event()
        unheard.set()
        proxy.inject(500, 1000, lambda request: unheard.is_set() and is_kopf_request(request))
        settings = {"SD_WATCH_NAMESPACES": namespace, "SD_RESYNC_SECONDS": "600"}
        with running_operator(plane, kubeconfig=proxy.kubeconfig, **settings) as operator:
            testbed.kubectl("delete", "service", "demo")
            assert {request.status for request in proxy.requests if is_kopf_request(request)} <= {0, 500}
            unheard.clear()
            again = OperatorTestbed(plane, operator, namespace)
            again.eventually("service", lambda seen: "uid" in seen["metadata"], timeout_s=30)
            eventually(
                lambda: 200 in {request.status for request in proxy.requests if is_kopf_request(request)},
                "the watch begins",
                30,
            )
            testbed.kubectl("delete", "diar", "--all")


def is_kopf_request(request: ProxiedRequest) -> bool:
    """Return True if kopf lists or watches Services."""
    return request.user_agent.startswith("kopf") and request.path.endswith("/services")
