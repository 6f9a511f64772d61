"""How the services do, counted from the cache when Prometheus asks. Every operator counts, whether it leads or not."""

from collections import Counter
from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from sd_operator.kube.cache import Cache
from sd_operator.kube.conditions import conditions_of
from sd_operator.resources import Manifest

NO_CONDITION = {"status": "Unknown", "reason": "NotLookedAt"}


class ServiceGauges(Collector):
    """Services by how ready they are, and pods that are wanted and ready, over all services."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache

    def collect(self) -> Iterator[GaugeMetricFamily]:
        found = map(self._cache.service, sorted(self._cache.keys()))
        services = [service for service in found if service is not None]
        yield _by_readiness(services)
        yield GaugeMetricFamily(
            "sd_operator_pods_wanted", "Pods that all services ask for.", sum(map(_wanted, services))
        )
        yield GaugeMetricFamily("sd_operator_pods_ready", "Pods that are ready.", sum(map(_ready, services)))


def _by_readiness(services: list[Manifest]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(
        "sd_operator_services", "DiarizationServices, by their condition Ready.", labels=["ready", "reason"]
    )
    for (status, reason), number in sorted(Counter(map(_readiness, services)).items()):
        family.add_metric([status, reason], number)
    return family


def _readiness(service: Manifest) -> tuple[str, str]:
    ready = conditions_of(service).get("Ready", NO_CONDITION)
    return ready["status"], ready["reason"]


def _wanted(service: Manifest) -> int:
    return service.get("spec", {}).get("replicas", 1)


def _ready(service: Manifest) -> int:
    return service.get("status", {}).get("readyReplicas", 0)
