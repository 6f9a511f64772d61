"""Optional kinds are available if the API server serves them and RBAC lets the operator list them."""

from dataclasses import dataclass, field

import pytest
from sd_operator.kube.discovery import CORE, Discovery
from sd_operator.kube.errors import KubeError, RejectedError, UnavailableError
from sd_operator.resources import CORE_KINDS, DIARIZATION_SERVICES, JOBS, PODS, SCALED_OBJECTS, Resource

KEDA, PROMETHEUS = "keda.sh/v1alpha1", "monitoring.coreos.com/v1"


@dataclass
class FakeDiscoveryClient:
    """Returns the discovery documents and permissions that a test sets."""

    served: dict[str, set[str] | KubeError] = field(default_factory=dict[str, set[str] | KubeError])
    forbidden: set[str] = field(default_factory=set[str])
    is_unavailable: bool = False
    """If set, lists fail."""

    async def served_resources(self, group_version: str) -> frozenset[str]:
        response = self.served.get(group_version, set[str]())
        if isinstance(response, KubeError):
            raise response
        return frozenset(response)

    async def can_list(self, resource: Resource) -> bool:
        if self.is_unavailable:
            raise UnavailableError("The API server is unavailable.")
        return resource.plural not in self.forbidden


@pytest.mark.parametrize(
    ("served", "expected"),
    [
        ({}, set[str]()),
        ({KEDA: {"scaledobjects", "scaledjobs"}}, {"ScaledObject"}),
        ({KEDA: {"scaledjobs"}}, set[str]()),
        ({PROMETHEUS: {"podmonitors", "prometheusrules"}}, {"PodMonitor", "PrometheusRule"}),
        ({PROMETHEUS: {"podmonitors"}, KEDA: {"scaledobjects"}}, {"PodMonitor", "ScaledObject"}),
        ({KEDA: UnavailableError("later")}, set[str]()),
    ],
)
async def test_served_kinds_are_available(served: dict[str, set[str] | KubeError], expected: set[str]) -> None:
    discovery = Discovery(FakeDiscoveryClient(served))
    await discovery.refresh()
    assert discovery.available == CORE | expected


async def test_each_change_is_reported_once() -> None:
    client, reported = FakeDiscoveryClient(), list[frozenset[str]]()
    discovery = Discovery(client)
    discovery.on_change.append(lambda: reported.append(discovery.available - CORE))
    await discovery.refresh()
    client.served = {KEDA: {"scaledobjects"}}
    await discovery.refresh()
    await discovery.refresh()
    client.served = {}
    await discovery.refresh()
    assert reported == [{"ScaledObject"}, set()]


async def test_a_failed_discovery_changes_nothing() -> None:
    client = FakeDiscoveryClient({KEDA: {"scaledobjects"}})
    discovery = Discovery(client)
    await discovery.refresh()
    client.served = {KEDA: UnavailableError("The API server is unavailable.")}
    await discovery.refresh()
    assert "ScaledObject" in discovery.available


async def test_a_kind_without_permissions_is_forbidden_and_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    discovery = Discovery(FakeDiscoveryClient({KEDA: {"scaledobjects"}}, forbidden={"scaledobjects"}))
    await discovery.refresh()
    await discovery.refresh()
    assert (discovery.available, discovery.forbidden) == (CORE, {"ScaledObject"})
    [message] = caplog.messages
    assert message.startswith("The operator cannot manage scaledobjects: its RBAC permissions do not include them;")


async def test_granted_permissions_are_reported_and_so_is_the_removal_of_a_forbidden_kind() -> None:
    client, reported = FakeDiscoveryClient({KEDA: {"scaledobjects"}}, forbidden={"scaledobjects"}), list[set[str]]()
    discovery = Discovery(client)
    discovery.on_change.append(
        lambda: reported.append({*discovery.available - CORE, *(f"no {kind}" for kind in discovery.forbidden)})
    )
    await discovery.refresh()
    client.forbidden.clear()
    await discovery.refresh()
    client.served = {}
    await discovery.refresh()
    assert reported == [{"no ScaledObject"}, {"ScaledObject"}, set()]


async def test_forbidden_discovery_falls_back_to_listing_the_kinds() -> None:
    forbidden = RejectedError("forbidden", 403)
    discovery = Discovery(
        FakeDiscoveryClient({KEDA: forbidden, PROMETHEUS: {"podmonitors"}}, forbidden={"scaledobjects"})
    )
    await discovery.refresh()
    assert (discovery.available, discovery.forbidden) == (CORE | {"PodMonitor"}, {"ScaledObject"})


async def test_a_failed_list_does_not_count_as_a_missing_permission() -> None:
    client = FakeDiscoveryClient({KEDA: {"scaledobjects"}})
    client.is_unavailable = True
    discovery = Discovery(client)
    await discovery.refresh()
    assert (discovery.available, discovery.forbidden) == (CORE, set())


async def test_only_available_kinds_are_watched() -> None:
    discovery = Discovery(FakeDiscoveryClient({KEDA: {"scaledobjects"}}))
    assert discovery.watched_resources == (DIARIZATION_SERVICES, *CORE_KINDS, JOBS, PODS)
    await discovery.refresh()
    assert discovery.watched_resources == (DIARIZATION_SERVICES, *CORE_KINDS, SCALED_OBJECTS, JOBS, PODS)
