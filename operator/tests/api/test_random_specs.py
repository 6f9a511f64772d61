"""Properties of the manifests of random valid specs, checked against the rules of Kubernetes and not our own code."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sd_engine.settings import Settings
from sd_harness.services.golden_services import manifests_of
from sd_harness.services.live_objects import service
from sd_harness.services.random_specs import sample
from sd_harness.services.service_specs import Spec
from sd_operator.api.spec import DiarizationServiceSpec

SPECS = sample(100)
NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")
LABEL_VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")
UNITS = {"": 1.0, "m": 0.001, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15} | {
    f"{prefix}i": float(1024**power) for power, prefix in enumerate("KMGTP", start=1)
}

PRINT_MANIFESTS = """
import json, sys
from sd_harness.services.golden_services import manifests_of
from sd_harness.services.live_objects import service
print(json.dumps([manifests_of(service(spec)) for spec in json.load(sys.stdin)]))
"""


def manifests(spec: Spec) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the manifests of a service by kind and name."""
    return {(each["kind"], each["metadata"]["name"]): each for each in manifests_of(service(spec))}


def pod_templates(spec: Spec) -> list[dict[str, Any]]:
    """Return the pod templates of the Deployment and of the model Job."""
    return [each["spec"]["template"] for each in manifests(spec).values() if "template" in each.get("spec", {})]


def containers(template: dict[str, Any]) -> list[dict[str, Any]]:
    """Return all containers of a pod template."""
    return [*template["spec"].get("initContainers", []), *template["spec"]["containers"]]


def amount(quantity: str) -> float:
    """Return the value of a quantity, parsed without the product's parser."""
    number, unit = re.fullmatch(r"([0-9.]+)([A-Za-z]*)", quantity).groups()  # pyright: ignore[reportOptionalMemberAccess]
    return float(number) * UNITS[unit]


def reversed_keys(value: Any) -> Any:
    """Return the same object with its keys in reverse order."""
    if isinstance(value, dict):
        return {key: reversed_keys(value[key]) for key in reversed(value)}
    return [reversed_keys(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("hash_seed", ["1", "2"])
def test_another_process_writes_the_same_bytes(hash_seed: str, tmp_path: Path) -> None:
    written = json.dumps([manifests_of(service(spec)) for spec in SPECS])
    environment = {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": ":".join(filter(None, sys.path)), "HOME": str(tmp_path)}
    argv = [sys.executable, "-c", PRINT_MANIFESTS]
    other = subprocess.run(argv, env=environment, input=json.dumps(SPECS), capture_output=True, text=True, check=True)
    assert other.stdout.strip() == written


def test_order_of_keys_has_no_effect() -> None:
    for spec in SPECS:
        assert manifests(spec) == manifests(reversed_keys(spec))


def test_parsed_spec_has_every_value_of_the_manifest() -> None:
    for spec in SPECS:
        parsed = DiarizationServiceSpec.model_validate(spec).model_dump(by_alias=True, exclude_unset=True)
        assert _as_text(parsed) == _as_text(spec)


def _as_text(value: Any) -> Any:
    """Return the value with numbers as text, because a size can be written as either."""
    if isinstance(value, dict):
        return {key: _as_text(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_as_text(each) for each in value]
    return value if isinstance(value, bool) or value is None else str(value)


def test_names_and_label_values_are_valid_and_unique() -> None:
    for spec in SPECS:
        assert len(manifests(spec)) == len(manifests_of(service(spec)))
        for (_, name), manifest in manifests(spec).items():
            assert NAME.fullmatch(name)
            assert all(LABEL_VALUE.fullmatch(value) for value in manifest["metadata"]["labels"].values())


def test_mounts_and_references_name_existing_objects() -> None:
    for spec in SPECS:
        names = manifests(spec)
        for template in pod_templates(spec):
            assert ("ServiceAccount", template["spec"]["serviceAccountName"]) in names
            volumes = {volume["name"] for volume in template["spec"]["volumes"]}
            for container in containers(template):
                assert {mount["name"] for mount in container["volumeMounts"]} <= volumes
                for source in container.get("envFrom", []):
                    assert ("ConfigMap", source["configMapRef"]["name"]) in names


def test_selectors_match_the_pods_of_the_deployment_only() -> None:
    for spec in SPECS:
        objects = manifests(spec)
        labels = objects["Deployment", "demo"]["spec"]["template"]["metadata"]["labels"]
        jobs = [each["spec"]["template"]["metadata"]["labels"] for (kind, _), each in objects.items() if kind == "Job"]
        for name in ("demo", "demo-headless"):
            selector = objects["Service", name]["spec"]["selector"]
            assert selector.items() <= labels.items()
            assert not any(selector.items() <= job.items() for job in jobs)


def test_requests_are_within_limits() -> None:
    for spec in SPECS:
        for template in pod_templates(spec):
            for container in containers(template):
                limits = container["resources"].get("limits", {})
                for name, request in container["resources"]["requests"].items():
                    assert amount(request) <= amount(limits.get(name, request))


def test_engine_parses_its_settings() -> None:
    for spec in SPECS:
        [config_map] = [each for (kind, _), each in manifests(spec).items() if kind == "ConfigMap"]
        settings = Settings.from_environment(config_map["data"])
        serving = spec.get("serving", {})
        assert settings.adapters == serving.get("adapters", 16)
        assert settings.max_batch_size == serving.get("maxBatchSize", 16)


def test_sample_has_the_requested_size_and_is_deterministic() -> None:
    assert len(sample(20)) == 20
    assert sample(20) == sample(20)
