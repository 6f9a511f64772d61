"""What Prometheus scrapes, and under which labels."""

from sd_harness.services.live_objects import INSTALLATION, service
from sd_harness.services.service_specs import DEMO, with_demo
from sd_operator.children import desired
from sd_operator.children.monitoring import pod_monitor
from sd_operator.resources import Manifest

SPEC = with_demo(
    monitoring={"podMonitor": True, "labels": {"release": "prometheus", "app.kubernetes.io/name": "another"}}
)


def monitor() -> Manifest:
    made = pod_monitor.build(service(SPEC), INSTALLATION)
    assert made is not None
    return made


def template() -> Manifest:
    """The pods that it is about."""
    [deployment] = [child for child in desired(service(SPEC), INSTALLATION) if child["kind"] == "Deployment"]
    return deployment["spec"]["template"]


def test_nothing_is_scraped_unasked() -> None:
    assert pod_monitor.build(service(DEMO), INSTALLATION) is None


def test_it_selects_the_pods_of_the_service() -> None:
    labels = template()["metadata"]["labels"]
    assert monitor()["spec"]["selector"]["matchLabels"].items() <= labels.items()


def test_it_scrapes_triton_and_the_engine() -> None:
    containers = template()["spec"]["initContainers"] + template()["spec"]["containers"]
    numbers = {port["name"]: port["containerPort"] for container in containers for port in container["ports"]}
    assert [numbers[endpoint["port"]] for endpoint in monitor()["spec"]["podMetricsEndpoints"]] == [8002, 8003]


def test_the_series_carry_the_name_of_the_service() -> None:
    for endpoint in monitor()["spec"]["podMetricsEndpoints"]:
        [relabeling] = endpoint["relabelings"]
        [source] = relabeling["sourceLabels"]
        assert relabeling["targetLabel"] == "service"
        # Prometheus writes a label of a pod so in its own: what is neither a letter nor a digit becomes '_'.
        pod_labels = {
            "__meta_kubernetes_pod_label_" + "".join(each if each.isalnum() else "_" for each in name): value
            for name, value in template()["metadata"]["labels"].items()
        }
        assert pod_labels[source] == "demo"


def test_a_prometheus_can_select_it_and_our_own_labels_stay() -> None:
    labels = monitor()["metadata"]["labels"]
    assert labels["release"] == "prometheus"
    assert labels["app.kubernetes.io/name"] == "sd-triton"
