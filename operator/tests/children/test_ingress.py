"""The Ingress exposes the v2 protocol under one host name."""

from children_manifests import child, children
from sd_harness.services.service_specs import ALL_FIELDS, DEMO, with_network


def test_no_ingress_unless_defined() -> None:
    assert children(DEMO, "Ingress") == []


def test_only_the_v2_path_is_exposed() -> None:
    ingress = child(with_network(ingress={"host": "a.example"}), "Ingress")["spec"]
    [rule] = ingress["rules"]
    [path] = rule["http"]["paths"]
    assert (rule["host"], path["path"], path["pathType"]) == ("a.example", "/v2", "Prefix")
    assert path["backend"]["service"] == {"name": "demo", "port": {"name": "http"}}
    assert "tls" not in ingress
    assert "ingressClassName" not in ingress


def test_class_tls_and_annotations_are_those_of_the_spec() -> None:
    ingress = child(ALL_FIELDS, "Ingress")
    assert ingress["spec"]["ingressClassName"] == "nginx"
    assert ingress["spec"]["tls"] == [{"hosts": ["diarization.example.com"], "secretName": "diarization-tls"}]
    assert ingress["metadata"]["annotations"] == {"nginx.ingress.kubernetes.io/proxy-body-size": "2m"}
