"""The pods have the scheduling fields of the spec. Tests of children/pod/placement.py."""

from children_manifests import child, pod
from sd_harness.services.service_specs import ALL_FIELDS, DEMO, ZONE, with_compute

FIELDS = {
    "affinity",
    "tolerations",
    "nodeSelector",
    "priorityClassName",
    "runtimeClassName",
    "topologySpreadConstraints",
}


def test_fields_are_those_of_the_spec() -> None:
    compute = ALL_FIELDS["compute"]
    assert pod(ALL_FIELDS)["affinity"] == compute["affinity"]
    assert pod(ALL_FIELDS)["tolerations"] == compute["tolerations"]
    assert pod(ALL_FIELDS)["nodeSelector"] == {"pool": "gpu"}
    assert pod(ALL_FIELDS)["priorityClassName"] == "speech"
    assert pod(ALL_FIELDS)["runtimeClassName"] == "nvidia"


def test_fields_without_a_value_are_left_out() -> None:
    assert FIELDS.isdisjoint(pod(DEMO))


def test_spread_uses_the_selector_of_the_deployment_and_counts_pods_of_the_same_template() -> None:
    spec = with_compute(topologySpreadConstraints=[{"topologyKey": ZONE}])
    assert pod(spec)["topologySpreadConstraints"] == [
        {
            "maxSkew": 1,
            "topologyKey": ZONE,
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": child(spec, "Deployment")["spec"]["selector"],
            "matchLabelKeys": ["pod-template-hash"],
        }
    ]
