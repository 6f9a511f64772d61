"""The API server rejects invalid specs with the messages of the CRD, and accepts valid specs and their children."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from sd_harness.control_plane.control_plane import REPOSITORY, ControlPlane, Manifest, control_plane
from sd_harness.control_plane.operator_testbed import diarization_service
from sd_harness.services.golden_services import manifests_of, render, specs
from sd_harness.services.live_objects import service
from sd_harness.services.mutated_specs import mutated
from sd_harness.services.random_specs import sample
from sd_harness.services.service_specs import DEMO, INVALID, INVALID_FOR_THE_API_SERVER_ONLY, VALID, InvalidSpec, Spec
from sd_kit import optional_kinds
from sd_operator.api.service import SpecError
from sd_operator.reconcile.drift.manifest_diff import differences
from sd_operator.reconcile.objects import identity
from sd_operator.resources import FIELD_MANAGER, NAME_LABEL, OPTIONAL_KINDS

REJECTED = INVALID | INVALID_FOR_THE_API_SERVER_ONLY
EXAMPLES = sorted((REPOSITORY / "examples").glob("*.yaml"))
RANDOM = 25
"""Number of random specs in this file; the benchmark of the operator uses two thousand."""
MUTATED = 600

RESTRICTED: Manifest = {
    "apiVersion": "v1",
    "kind": "Namespace",
    "metadata": {"name": "restricted", "labels": {"pod-security.kubernetes.io/enforce": "restricted"}},
}
CLASSES: list[Manifest] = [
    {"apiVersion": "node.k8s.io/v1", "kind": "RuntimeClass", "metadata": {"name": "nvidia"}, "handler": "nvidia"},
    {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": "speech"}, "value": 1},
]
"""Cluster-scoped objects that pods of the golden services reference."""


def definitions() -> list[Manifest]:
    """Return the CustomResourceDefinitions of KEDA and of the Prometheus operator that the operator uses."""
    return [yaml.safe_load(path.read_text()) for path in optional_kinds.files()]


@pytest.fixture(scope="module")
def plane(chart: list[Manifest], tools: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A control plane with every optional kind, and without an operator."""
    product = [manifest for manifest in chart if manifest["kind"] == "CustomResourceDefinition"]
    with control_plane(tmp_path_factory.mktemp("api"), tools, [*product, *definitions()]) as running:
        running.apply(RESTRICTED, *CLASSES)
        yield running


def manifest(spec: Spec, name: str = "demo") -> Manifest:
    """Return a DiarizationService for a dry run."""
    return diarization_service(spec, {"name": name})


def to_json_documents(*manifests: Manifest) -> str:
    """Return manifests as YAML documents in JSON syntax: kubectl would parse an unquoted label `y` as a boolean."""
    return "\n---\n".join(json.dumps(each, ensure_ascii=False) for each in manifests)


def dry_run(plane: ControlPlane, *manifests: Manifest) -> str:
    """Return the errors of a server-side dry run; empty if the API server accepts the manifests."""
    arguments = ("apply", "--dry-run=server", "--validate=strict", "-f", "-")
    return plane.kubectl(*arguments, stdin=to_json_documents(*manifests), check=False).stderr


def as_stored(plane: ControlPlane, *manifests: Manifest) -> list[Manifest]:
    """Return the manifests as the API server would store them."""
    arguments = ("apply", "--server-side", "--dry-run=server", "--output=json", "-f", "-")
    return json.loads(plane.kubectl(*arguments, stdin=to_json_documents(*manifests)).stdout)["items"]


def test_valid_specs_are_accepted(plane: ControlPlane) -> None:
    names = (f"valid-{number}" for number in range(len(VALID)))
    assert dry_run(plane, *map(manifest, VALID.values(), names)) == ""


@pytest.mark.parametrize("invalid", REJECTED.values(), ids=REJECTED)
def test_invalid_spec_is_rejected_with_the_message_of_the_crd(plane: ControlPlane, invalid: InvalidSpec) -> None:
    errors = dry_run(plane, manifest(invalid.spec))
    assert invalid.api_message in errors
    assert "evaluating rule" not in errors  # a rule that fails to evaluate has no helpful message


def test_models_and_api_server_reject_the_same_specs(plane: ControlPlane) -> None:
    mutants = {f"mutated-{number}": spec for number, spec in enumerate(mutated(MUTATED))}
    # Without strict validation, because the API server prunes unknown fields and the models ignore them.
    arguments = ("apply", "--dry-run=server", "--validate=ignore", "--output=name", "-f", "-")
    manifests = (manifest(spec, name) for name, spec in mutants.items())
    accepted = plane.kubectl(*arguments, stdin=to_json_documents(*manifests), check=False).stdout.split()
    valid = [name for name, spec in mutants.items() if is_valid(spec)]
    assert MUTATED / 5 < len(valid) < MUTATED * 4 / 5
    assert [each.rpartition("/")[2] for each in accepted] == valid


def is_valid(spec: Spec) -> bool:
    """Return True if the models accept a spec."""
    try:
        service(spec)
    except SpecError:
        return False
    return True


@pytest.mark.parametrize("name", ["9th", "a.b", "a" * 41, "a-"])
def test_invalid_name_is_rejected(plane: ControlPlane, name: str) -> None:
    errors = dry_run(plane, manifest(DEMO, name))
    assert "the name of a DiarizationService must have at most 40 characters" in errors or "RFC 1123" in errors


def test_longest_name_is_accepted(plane: ControlPlane) -> None:
    assert dry_run(plane, manifest(DEMO, "a" * 40)) == ""


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example_is_accepted(plane: ControlPlane, path: Path) -> None:
    assert dry_run(plane, *yaml.safe_load_all(path.read_text())) == ""


@pytest.mark.parametrize("name", specs())
def test_golden_manifests_are_accepted_in_strict_validation(plane: ControlPlane, name: str) -> None:
    assert dry_run(plane, *yaml.safe_load_all(render(name))) == ""


def test_random_specs_and_their_children_are_accepted_in_strict_validation(plane: ControlPlane) -> None:
    random_specs = {f"random-{number}": spec for number, spec in enumerate(sample(RANDOM))}
    assert dry_run(plane, *(manifest(spec, name) for name, spec in random_specs.items())) == ""
    children = [child for name, spec in random_specs.items() for child in manifests_of(service(spec, name))]
    assert dry_run(plane, *children) == ""


def test_stored_manifests_have_no_differences_to_the_desired_ones(plane: ControlPlane) -> None:
    golden = [child for name in specs() for child in yaml.safe_load_all(render(name))]
    random = [child for spec in sample(RANDOM) for child in manifests_of(service(spec, "random"))]
    desired = [*golden, *random]
    stored = as_stored(plane, *desired)
    assert [identity(child) for child in stored] == [identity(child) for child in desired]
    assert [next(differences(*pair), None) for pair in zip(stored, desired, strict=True)] == [None] * len(desired)


def test_every_optional_kind_has_a_definition() -> None:
    served = {(each["spec"]["group"], each["spec"]["names"]["kind"]) for each in definitions()}
    assert served == {(kind.api_version.partition("/")[0], kind.kind) for kind in OPTIONAL_KINDS}


def test_unknown_field_of_an_optional_kind_is_rejected(plane: ControlPlane) -> None:
    [scaled] = [each for each in yaml.safe_load_all(render("keda")) if each["kind"] == "ScaledObject"]
    scaled["spec"]["minReplicas"] = 1
    assert 'unknown field "spec.minReplicas"' in dry_run(plane, scaled)


def pod_of(name: str, **more: Any) -> tuple[Manifest, Manifest]:
    """Return the ServiceAccount and a pod of a golden service in the namespace with the restricted profile."""
    children = {each["kind"]: each for each in yaml.safe_load_all(render(name))}
    template = children["Deployment"]["spec"]["template"]
    metadata = {"namespace": "restricted", "name": name}
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}
    spec = template["spec"] | more
    return account, {"apiVersion": "v1", "kind": "Pod", "metadata": template["metadata"] | metadata, "spec": spec}


@pytest.mark.parametrize("name", specs())
def test_golden_pod_meets_the_restricted_profile(plane: ControlPlane, name: str) -> None:
    account, pod = pod_of(name)
    plane.apply(account)
    assert dry_run(plane, pod) == ""


def test_pod_that_violates_the_restricted_profile_is_rejected(plane: ControlPlane) -> None:
    account, pod = pod_of("demo", hostNetwork=True)
    plane.apply(account)
    assert 'violates PodSecurity "restricted:latest"' in dry_run(plane, pod)


def test_operator_pods_have_the_label_in_the_network_policies(chart: list[Manifest]) -> None:
    [operator] = [each for each in chart if each["kind"] == "Deployment"]
    assert operator["spec"]["template"]["metadata"]["labels"][NAME_LABEL] == FIELD_MANAGER


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("spec.serving.maxRequestBytes", "Size of the largest recording that is accepted"),
        ("spec.network.policy.allowFrom", "Pods that can send recordings"),
        ("spec.compute.affinity.podAntiAffinity", "whose topology domains the pods avoid"),
        ("status.lastFailure", "The last failure"),
    ],
)
def test_kubectl_explains_a_field(plane: ControlPlane, field: str, text: str) -> None:
    page = plane.kubectl("explain", f"diar.{field}").stdout
    assert text in " ".join(page.split())


def test_printer_columns_show_readiness_and_reason(plane: ControlPlane) -> None:
    plane.apply(manifest(DEMO, "columns"))
    status = {
        "conditions": [
            {
                "type": "Ready",
                "status": "False",
                "reason": "Unschedulable",
                "message": "0/1 nodes are available.",
                "lastTransitionTime": "2026-01-01T00:00:00Z",
            }
        ],
        "replicas": 1,
        "model": {"source": "demo", "mode": "exact"},
    }
    plane.patch_status("diar", "columns", "default", status)
    header, row = plane.kubectl("get", "diar", "columns").stdout.splitlines()
    plane.kubectl("delete", "diar", "columns")
    assert header.split() == ["NAME", "READY", "REASON", "MODEL", "REPLICAS", "AGE"]
    assert row.split()[:5] == ["columns", "False", "Unschedulable", "demo", "1"]
