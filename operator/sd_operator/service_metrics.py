"""Metrics of all DiarizationServices, computed from the cache at each scrape, by the leader and by standby pods."""

from collections import Counter
from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from sd_operator.kube.cache import Cache
from sd_operator.kube.conditions import conditions_of
from sd_operator.resources import Manifest

NO_CONDITION = {"status": "Unknown", "reason": "NotReconciled"}


class ServiceCollector(Collector):
    """Services by their condition Ready, and desired and ready pods of all services."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache

    def collect(self) -> Iterator[GaugeMetricFamily]:
        cached = map(self._cache.service, sorted(self._cache.keys()))
        services = [service for service in cached if service is not None]
        yield _by_readiness(services)
        yield GaugeMetricFamily(
            "sd_operator_pods_wanted", "Desired pods of all DiarizationServices.", sum(map(_desired, services))
        )
        yield GaugeMetricFamily(
            "sd_operator_pods_ready", "Ready pods of all DiarizationServices.", sum(map(_ready, services))
        )


def _by_readiness(services: list[Manifest]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(
        "sd_operator_services",
        "DiarizationServices by status and reason of their condition Ready.",
        labels=["ready", "reason"],
    )
    for (status, reason), count in sorted(Counter(map(_readiness, services)).items()):
        family.add_metric([status, reason], count)
    return family


def _readiness(service: Manifest) -> tuple[str, str]:
    ready = conditions_of(service).get("Ready", NO_CONDITION)
    return ready["status"], ready["reason"]


def _desired(service: Manifest) -> int:
    return service.get("spec", {}).get("replicas", 1)


def _ready(service: Manifest) -> int:
    return service.get("status", {}).get("readyReplicas", 0)
