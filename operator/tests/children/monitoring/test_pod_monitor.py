"""The PodMonitor selects the pods of the service and adds the label `service` to their series."""

from sd_harness.services.live_objects import INSTALLATION, service
from sd_harness.services.service_specs import DEMO, with_demo
from sd_operator.children import deployment
from sd_operator.children.monitoring import pod_monitor
from sd_operator.resources import Manifest

SPEC = with_demo(
    monitoring={"podMonitor": True, "labels": {"release": "prometheus", "app.kubernetes.io/name": "another"}}
)


def monitor() -> Manifest:
    """Return the PodMonitor."""
    manifest = pod_monitor.build(service(SPEC), INSTALLATION)
    assert manifest is not None
    return manifest


def pod_template() -> Manifest:
    """Return the template of the pods that the PodMonitor selects."""
    manifest = deployment.build(service(SPEC), INSTALLATION)
    assert manifest is not None
    return manifest["spec"]["template"]


def test_no_pod_monitor_unless_enabled() -> None:
    assert pod_monitor.build(service(DEMO), INSTALLATION) is None


def test_selects_the_pods_of_the_service() -> None:
    labels = pod_template()["metadata"]["labels"]
    assert monitor()["spec"]["selector"]["matchLabels"].items() <= labels.items()


def test_scrapes_triton_and_the_engine() -> None:
    pod = pod_template()["spec"]
    numbers = {
        port["name"]: port["containerPort"]
        for container in pod["initContainers"] + pod["containers"]
        for port in container["ports"]
    }
    assert [numbers[endpoint["port"]] for endpoint in monitor()["spec"]["podMetricsEndpoints"]] == [8002, 8003]


def test_series_have_the_name_of_the_service_as_a_label() -> None:
    for endpoint in monitor()["spec"]["podMetricsEndpoints"]:
        [relabeling] = endpoint["relabelings"]
        [source] = relabeling["sourceLabels"]
        assert relabeling["targetLabel"] == "service"
        # Prometheus replaces each character of a pod label's key that is neither a letter nor a digit with '_'.
        meta_labels = {
            "__meta_kubernetes_pod_label_" + "".join(each if each.isalnum() else "_" for each in key): value
            for key, value in pod_template()["metadata"]["labels"].items()
        }
        assert meta_labels[source] == "demo"


def test_labels_of_the_spec_do_not_replace_those_of_the_operator() -> None:
    labels = monitor()["metadata"]["labels"]
    assert labels["release"] == "prometheus"
    assert labels["app.kubernetes.io/name"] == "sd-triton"
