"""Both Services select the pods. Tests of children/service.py and children/headless_service.py."""

from children_manifests import child, pod_template
from sd_harness.services.service_specs import ALL_FIELDS, DEMO


def test_both_services_select_the_pods() -> None:
    labels = pod_template(DEMO)["metadata"]["labels"]
    for name in ("demo", "demo-headless"):
        selector = child(DEMO, "Service", name)["spec"]["selector"]
        assert selector
        assert selector.items() <= labels.items()


def test_service_has_the_type_and_annotations_of_the_spec() -> None:
    assert child(DEMO, "Service")["spec"]["type"] == "ClusterIP"
    service = child(ALL_FIELDS, "Service")
    assert service["spec"]["type"] == "LoadBalancer"
    assert service["metadata"]["annotations"] == {"example.com/internal": "true"}


def test_headless_service_resolves_to_pods_for_every_type() -> None:
    for spec in (DEMO, ALL_FIELDS):
        headless = child(spec, "Service", "demo-headless")["spec"]
        assert (headless["type"], headless["clusterIP"]) == ("ClusterIP", "None")
