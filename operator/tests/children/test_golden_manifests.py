"""The children of whole services are those of the reviewed golden files, and properties that hold for all of them."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from sd_harness.services.golden_services import path, render, specs
from sd_harness.services.live_objects import INSTALLATION, UID, service
from sd_harness.services.service_specs import ALL_FIELDS, DEMO, VALID, Spec
from sd_operator.children import desired

PRINT_CHILDREN = """
import json, sys
from sd_harness.services.live_objects import INSTALLATION, service
from sd_operator.children import desired
print(json.dumps([desired(service(spec), INSTALLATION) for spec in json.load(sys.stdin)]))
"""
KINDS = [
    "ServiceAccount",
    "ConfigMap",
    "PersistentVolumeClaim",
    "Deployment",
    "Service",
    "Service",
    "Ingress",
    "NetworkPolicy",
    "PodDisruptionBudget",
    "ScaledObject",
    "PodMonitor",
    "PrometheusRule",
]


@pytest.mark.parametrize("name", specs())
def test_manifests_are_those_of_the_golden_file(name: str) -> None:
    assert render(name) == path(name).read_text(), "run tools/generate and review the diff"


def test_every_golden_file_has_a_service() -> None:
    assert {each.stem for each in path("demo").parent.iterdir()} == specs().keys()


@pytest.mark.parametrize("hash_seed", ["1", "2"])
def test_another_process_writes_the_same_bytes(hash_seed: str, tmp_path: Path) -> None:
    written = json.dumps([desired(service(spec), INSTALLATION) for spec in VALID.values()])
    environment = {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": ":".join(filter(None, sys.path)), "HOME": str(tmp_path)}
    argv = [sys.executable, "-c", PRINT_CHILDREN]
    specs_json = json.dumps([*VALID.values()])
    other = subprocess.run(argv, env=environment, input=specs_json, capture_output=True, text=True, check=True)
    assert other.stdout.strip() == written


@pytest.mark.parametrize("spec", [DEMO, ALL_FIELDS], ids=["smallest", "all fields"])
def test_service_owns_every_child_except_a_retained_claim(spec: Spec) -> None:
    for each in desired(service(spec), INSTALLATION):
        owners = each["metadata"].get("ownerReferences", [])
        is_retained = each["kind"] == "PersistentVolumeClaim" and spec["cache"]["retain"]
        assert [(owner["uid"], owner["controller"]) for owner in owners] == ([] if is_retained else [(UID, True)])


def test_service_with_all_fields_has_a_child_of_every_kind_except_the_other_autoscaler() -> None:
    assert [each["kind"] for each in desired(service(ALL_FIELDS), INSTALLATION)] == KINDS


def test_service_without_a_model_has_no_pods() -> None:
    waiting = replace(service(ALL_FIELDS), served=None)
    kinds = {each["kind"] for each in desired(waiting, INSTALLATION)}
    assert kinds == set(KINDS) - {"ConfigMap", "Deployment"}


def test_names_are_unique_and_fit_into_a_label_value() -> None:
    children = desired(service(ALL_FIELDS, "a" * 40), INSTALLATION)
    names = [(each["kind"], each["metadata"]["name"]) for each in children]
    assert len(names) == len(set(names))
    assert max(len(name) for _, name in names) <= 63
    assert all(name.startswith("a" * 40) for _, name in names)
