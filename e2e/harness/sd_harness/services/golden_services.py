"""Services with golden files of their manifests. `python -m sd_harness.services.golden_services` writes the files."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml
from sd_operator.api.service import DiarizationService
from sd_operator.api.source import Demo
from sd_operator.children import desired, model_job
from sd_operator.resources import Manifest

from sd_harness.services.live_objects import INSTALLATION, service
from sd_harness.services.service_specs import ALL_FIELDS, PINNED, ZONE, Spec, with_compute, with_demo, with_network

TESTS = Path(__file__).resolve().parents[4] / "operator" / "tests"
EXAMPLES = TESTS.parents[1] / "examples"

FURTHER_SERVICES: dict[str, Spec] = {
    "cpu": with_compute(accelerator="cpu", resources={"requests": {"cpu": "2"}, "limits": {"cpu": 4, "memory": "8Gi"}}),
    "everything": ALL_FIELDS,
    "image": {
        "model": {"source": {"image": {"reference": f"registry.example/models@{PINNED}", "path": "community-1"}}}
    },
    "ingress": with_network(ingress={"host": "diarization.example.com"}),
    "mig": with_compute(gpu={"resource": "nvidia.com/mig-1g.10gb"}, runtimeClassName="nvidia"),
    "monitored": with_demo(monitoring={"podMonitor": True, "alerts": True, "labels": {"release": "prometheus"}}),
    "no-policy": with_network(policy={"enabled": False}, service={"type": "LoadBalancer"}),
    "paused": with_demo(replicas=0, monitoring={"alerts": True}, autoscaling={"mode": "keda"}),
    "recreate": {
        **with_compute(tolerations=[{"key": "gpu", "value": "a100", "effect": "NoSchedule"}]),
        "rollout": "Recreate",
    },
    "spread": {
        **with_compute(topologySpreadConstraints=[{"topologyKey": ZONE, "whenUnsatisfiable": "DoNotSchedule"}]),
        "replicas": 3,
        "podMetadata": {"labels": {"team": "speech"}, "annotations": {"example.com/owner": "speech@example.com"}},
    },
}


class _DumperWithoutAliases(yaml.SafeDumper):
    """A dumper that writes repeated values in full instead of anchors and aliases."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True


def specs() -> dict[str, Spec]:
    """Return the specs by the name of their golden file: every example, and services that no example shows."""
    examples = {path.stem: yaml.safe_load(path.read_text())["spec"] for path in sorted(EXAMPLES.glob("*.yaml"))}
    return examples | FURTHER_SERVICES


def render(name: str) -> str:
    """Return the manifests of a service as YAML: its first model Job and its children."""
    children = manifests_of(service(specs()[name], name))
    return yaml.dump_all(children, Dumper=_DumperWithoutAliases, sort_keys=False, width=120)


def manifests_of(diarization: DiarizationService) -> list[Manifest]:
    """Return the first model Job of a service and its children after the Job has succeeded."""
    return [*first_job(diarization), *desired(diarization, INSTALLATION)]


def first_job(diarization: DiarizationService) -> list[Manifest]:
    """Return the first model Job; none for the demo model."""
    if isinstance(diarization.source, Demo):
        return []
    without_model = replace(diarization, served=None)
    return [model_job.build(without_model, INSTALLATION, model_job.provisioning_task(without_model))]


def path(name: str) -> Path:
    """Return the path of a golden file."""
    return TESTS / "golden" / f"{name}.yaml"


if __name__ == "__main__":
    for each in specs():
        path(each).write_text(render(each))
