"""Optional kinds are there when the API server serves them and the operator may read them."""

from dataclasses import dataclass, field

import pytest
from sd_operator.kube.discovery import CORE, Discovery
from sd_operator.kube.errors import KubeError, RejectedError, UnavailableError
from sd_operator.resources import CORE_KINDS, DIARIZATION_SERVICES, JOBS, PODS, SCALED_OBJECTS, Resource

KEDA, PROMETHEUS = "keda.sh/v1alpha1", "monitoring.coreos.com/v1"


@dataclass
class StoredKinds:
    """A cluster's answers."""

    served: dict[str, set[str] | KubeError] = field(default_factory=dict[str, set[str] | KubeError])
    unreadable: set[str] = field(default_factory=set[str])
    away: bool = False
    """Whether lists get no answer."""

    async def serves(self, api_version: str) -> frozenset[str]:
        answer = self.served.get(api_version, set[str]())
        if isinstance(answer, KubeError):
            raise answer
        return frozenset(answer)

    async def may_list(self, resource: Resource) -> bool:
        if self.away:
            raise UnavailableError("The API server is away.")
        return resource.plural not in self.unreadable


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
async def test_what_is_served_is_there(served: dict[str, set[str] | KubeError], expected: set[str]) -> None:
    discovery = Discovery(StoredKinds(served))
    await discovery.refresh()
    assert discovery.available == CORE | expected


async def test_arrivals_and_departures_are_told_once() -> None:
    cluster, told = StoredKinds(), list[frozenset[str]]()
    discovery = Discovery(cluster)
    discovery.on_change.append(lambda: told.append(discovery.available - CORE))
    await discovery.refresh()
    cluster.served = {KEDA: {"scaledobjects"}}
    await discovery.refresh()
    await discovery.refresh()
    cluster.served = {}
    await discovery.refresh()
    assert told == [{"ScaledObject"}, set()]


async def test_an_outage_changes_nothing() -> None:
    cluster = StoredKinds({KEDA: {"scaledobjects"}})
    discovery = Discovery(cluster)
    await discovery.refresh()
    cluster.served = {KEDA: UnavailableError("The API server is away.")}
    await discovery.refresh()
    assert "ScaledObject" in discovery.available


async def test_a_kind_that_may_not_be_read_is_forbidden_and_named_once(caplog: pytest.LogCaptureFixture) -> None:
    discovery = Discovery(StoredKinds({KEDA: {"scaledobjects"}}, unreadable={"scaledobjects"}))
    await discovery.refresh()
    await discovery.refresh()
    assert (discovery.available, discovery.forbidden) == (CORE, {"ScaledObject"})
    assert caplog.messages == [
        "The operator cannot work with scaledobjects: its rights do not allow that; give it those of the chart."
    ]


async def test_rights_that_come_are_told_and_so_is_a_forbidden_kind_that_goes() -> None:
    cluster, told = StoredKinds({KEDA: {"scaledobjects"}}, unreadable={"scaledobjects"}), list[set[str]]()
    discovery = Discovery(cluster)
    discovery.on_change.append(
        lambda: told.append({*discovery.available - CORE, *(f"no {kind}" for kind in discovery.forbidden)})
    )
    await discovery.refresh()
    cluster.unreadable.clear()
    await discovery.refresh()
    cluster.served = {}
    await discovery.refresh()
    assert told == [{"no ScaledObject"}, {"ScaledObject"}, set()]


async def test_a_kind_that_may_not_even_be_asked_for_is_forbidden() -> None:
    forbidden = RejectedError("forbidden", 403)
    discovery = Discovery(StoredKinds({KEDA: forbidden, PROMETHEUS: {"podmonitors"}}, unreadable={"scaledobjects"}))
    await discovery.refresh()
    assert (discovery.available, discovery.forbidden) == (CORE | {"PodMonitor"}, {"ScaledObject"})


async def test_an_outage_does_not_turn_into_missing_rights() -> None:
    cluster = StoredKinds({KEDA: {"scaledobjects"}})
    cluster.away = True
    discovery = Discovery(cluster)
    await discovery.refresh()
    assert (discovery.available, discovery.forbidden) == (CORE, set())


async def test_only_what_is_there_is_watched() -> None:
    discovery = Discovery(StoredKinds({KEDA: {"scaledobjects"}}))
    assert discovery.watched_resources == (DIARIZATION_SERVICES, *CORE_KINDS, JOBS, PODS)
    await discovery.refresh()
    assert discovery.watched_resources == (DIARIZATION_SERVICES, *CORE_KINDS, SCALED_OBJECTS, JOBS, PODS)
