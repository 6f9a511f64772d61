"""The API server refuses what a person got wrong, in plain words, and takes the rest, and what is made of it."""

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

REFUSED = INVALID | INVALID_FOR_THE_API_SERVER_ONLY
EXAMPLES = sorted((REPOSITORY / "examples").glob("*.yaml"))
RANDOM = 25
"""Random specs here; the benchmark of the operator tries two thousand."""
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
"""What pods of the golden services name."""


def definitions() -> list[Manifest]:
    """The CustomResourceDefinitions of KEDA and of the Prometheus operator that we make objects of."""
    return [yaml.safe_load(path.read_text()) for path in optional_kinds.files()]


@pytest.fixture(scope="module")
def plane(chart: list[Manifest], tools: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A control plane with every optional kind, and without an operator."""
    ours = [manifest for manifest in chart if manifest["kind"] == "CustomResourceDefinition"]
    with control_plane(tmp_path_factory.mktemp("api"), tools, [*ours, *definitions()]) as running:
        running.apply(RESTRICTED, *CLASSES)
        yield running


def manifest(spec: Spec, name: str = "demo") -> Manifest:
    """A DiarizationService that is only looked at."""
    return diarization_service(spec, {"name": name})


def written(*manifests: Manifest) -> str:
    """Manifests as kubectl reads them: in plain YAML a label called y would be a boolean."""
    return "\n---\n".join(json.dumps(each, ensure_ascii=False) for each in manifests)


def dry_run(plane: ControlPlane, *manifests: Manifest) -> str:
    """What kubectl prints when the API server is asked and nothing is kept; empty where it is accepted."""
    arguments = ("apply", "--dry-run=server", "--validate=strict", "-f", "-")
    return plane.kubectl(*arguments, stdin=written(*manifests), check=False).stderr


def as_kept(plane: ControlPlane, *manifests: Manifest) -> list[Manifest]:
    """The manifests as the API server would keep and return them."""
    arguments = ("apply", "--server-side", "--dry-run=server", "--output=json", "-f", "-")
    return json.loads(plane.kubectl(*arguments, stdin=written(*manifests)).stdout)["items"]


def test_every_good_spec_is_accepted(plane: ControlPlane) -> None:
    names = (f"good-{number}" for number in range(len(VALID)))
    assert dry_run(plane, *map(manifest, VALID.values(), names)) == ""


@pytest.mark.parametrize("bad", REFUSED.values(), ids=REFUSED)
def test_a_bad_spec_is_refused_with_the_sentence_of_the_crd(plane: ControlPlane, bad: InvalidSpec) -> None:
    refusal = dry_run(plane, manifest(bad.spec))
    assert bad.api_message in refusal
    assert "evaluating rule" not in refusal  # a rule that fails by itself says nothing to anybody


def test_the_models_and_the_api_server_refuse_the_same_specs(plane: ControlPlane) -> None:
    tried = {f"mutated-{number}": spec for number, spec in enumerate(mutated(MUTATED))}
    # Leniently: fields that nobody knows are pruned by the one and ignored by the other.
    arguments = ("apply", "--dry-run=server", "--validate=ignore", "--output=name", "-f", "-")
    manifests = (manifest(spec, name) for name, spec in tried.items())
    taken = plane.kubectl(*arguments, stdin=written(*manifests), check=False).stdout.split()
    right = [name for name, spec in tried.items() if is_right(spec)]
    assert MUTATED / 5 < len(right) < MUTATED * 4 / 5
    assert [each.rpartition("/")[2] for each in taken] == right


def is_right(spec: Spec) -> bool:
    """Whether the models accept a spec."""
    try:
        service(spec)
    except SpecError:
        return False
    return True


@pytest.mark.parametrize("name", ["9th", "a.b", "a" * 41, "a-"])
def test_a_name_that_children_could_not_have_is_refused(plane: ControlPlane, name: str) -> None:
    refusal = dry_run(plane, manifest(DEMO, name))
    assert "the name of a DiarizationService must have at most 40 characters" in refusal or "RFC 1123" in refusal


def test_the_longest_name_is_accepted(plane: ControlPlane) -> None:
    assert dry_run(plane, manifest(DEMO, "a" * 40)) == ""


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_is_accepted(plane: ControlPlane, path: Path) -> None:
    assert dry_run(plane, *yaml.safe_load_all(path.read_text())) == ""


@pytest.mark.parametrize("name", specs())
def test_every_golden_child_is_accepted_in_strict_validation(plane: ControlPlane, name: str) -> None:
    assert dry_run(plane, *yaml.safe_load_all(render(name))) == ""


def test_random_specs_and_their_children_are_accepted_in_strict_validation(plane: ControlPlane) -> None:
    chosen = {f"random-{number}": spec for number, spec in enumerate(sample(RANDOM))}
    assert dry_run(plane, *(manifest(spec, name) for name, spec in chosen.items())) == ""
    children = [child for name, spec in chosen.items() for child in manifests_of(service(spec, name))]
    assert dry_run(plane, *children) == ""


def test_what_the_api_server_keeps_needs_no_second_write(plane: ControlPlane) -> None:
    golden = [child for name in specs() for child in yaml.safe_load_all(render(name))]
    random = [child for spec in sample(RANDOM) for child in manifests_of(service(spec, "random"))]
    asked = [*golden, *random]
    kept = as_kept(plane, *asked)
    assert [identity(child) for child in kept] == [identity(child) for child in asked]
    assert [next(differences(*pair), None) for pair in zip(kept, asked, strict=True)] == [None] * len(asked)


def test_the_optional_kinds_are_those_whose_definitions_are_here() -> None:
    served = {(each["spec"]["group"], each["spec"]["names"]["kind"]) for each in definitions()}
    assert served == {(kind.api_version.partition("/")[0], kind.kind) for kind in OPTIONAL_KINDS}


def test_a_wrong_field_of_an_optional_kind_is_noticed(plane: ControlPlane) -> None:
    [scaled] = [each for each in yaml.safe_load_all(render("keda")) if each["kind"] == "ScaledObject"]
    scaled["spec"]["minReplicas"] = 1
    assert 'unknown field "spec.minReplicas"' in dry_run(plane, scaled)


def pod_of(name: str, **more: Any) -> tuple[Manifest, Manifest]:
    """The account and a pod of a golden service, in the namespace that enforces the restricted profile."""
    children = {each["kind"]: each for each in yaml.safe_load_all(render(name))}
    template = children["Deployment"]["spec"]["template"]
    place = {"namespace": "restricted", "name": name}
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": place}
    spec = template["spec"] | more
    return account, {"apiVersion": "v1", "kind": "Pod", "metadata": template["metadata"] | place, "spec": spec}


@pytest.mark.parametrize("name", specs())
def test_every_golden_pod_is_of_the_restricted_profile(plane: ControlPlane, name: str) -> None:
    account, pod = pod_of(name)
    plane.apply(account)
    assert dry_run(plane, pod) == ""


def test_a_pod_that_is_not_of_the_restricted_profile_is_refused(plane: ControlPlane) -> None:
    account, pod = pod_of("demo", hostNetwork=True)
    plane.apply(account)
    assert 'violates PodSecurity "restricted:latest"' in dry_run(plane, pod)


def test_the_network_policy_knows_the_operators_pods(chart: list[Manifest]) -> None:
    [operator] = [each for each in chart if each["kind"] == "Deployment"]
    assert operator["spec"]["template"]["metadata"]["labels"][NAME_LABEL] == FIELD_MANAGER


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("spec.serving.maxRequestBytes", "Size of the largest recording that is accepted"),
        ("spec.network.policy.allowFrom", "Pods that can send recordings"),
        ("spec.compute.affinity.podAntiAffinity", "whose topology domains the pods avoid"),
        ("status.lastFailure", "The last failure"),
    ],
)
def test_every_field_is_explained(plane: ControlPlane, field: str, words: str) -> None:
    page = plane.kubectl("explain", f"diar.{field}").stdout
    assert words in " ".join(page.split())


def test_the_columns_say_whether_it_works_and_why(plane: ControlPlane) -> None:
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
