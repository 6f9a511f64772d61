"""Metrics belong to one registry, are served under controller-runtime's names, and include added collectors."""

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sd_operator.metrics import CONTROLLER, Metrics


class ConstantCollector(Collector):
    """Collects one gauge."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        yield GaugeMetricFamily("sd_operator_constant", "A constant.", 7)


def test_each_instance_counts_on_its_own() -> None:
    first, second = Metrics(), Metrics()
    first.reconciles.labels(CONTROLLER, "success").inc()
    line = 'controller_runtime_reconcile_total{controller="diarizationservice",result="success"} 1.0'
    assert line in first.render().decode()
    assert line not in second.render().decode()


def test_an_added_collector_is_rendered_at_each_scrape() -> None:
    metrics = Metrics()
    metrics.add(ConstantCollector())
    assert "sd_operator_constant 7.0" in metrics.render().decode()
