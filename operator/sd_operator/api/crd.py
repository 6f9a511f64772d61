"""The CustomResourceDefinition, made from the models: `python -m sd_operator.api.crd` prints it."""

import json
from typing import Any

import yaml

from sd_operator.api.schema import Schema, structural
from sd_operator.api.spec import DiarizationServiceSpec
from sd_operator.api.status import DiarizationServiceStatus
from sd_operator.resources import DIARIZATION_SERVICES, GROUP, VERSION, Manifest

LONGEST_NAME = 40
"""Children and their pods carry the service's name with endings of their own, and a label holds 63 characters."""

NAME_RULE = {
    "rule": f"self.metadata.name.size() <= {LONGEST_NAME} && "
    "self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",
    "message": f"the name of a DiarizationService has at most {LONGEST_NAME} characters: lower-case letters, digits "
    "and '-'; it starts with a letter and does not end with '-'",
}


def crd() -> Manifest:
    """The whole CRD."""
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{DIARIZATION_SERVICES.plural}.{GROUP}"},
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": {
                "kind": DIARIZATION_SERVICES.kind,
                "listKind": f"{DIARIZATION_SERVICES.kind}List",
                "plural": DIARIZATION_SERVICES.plural,
                "singular": DIARIZATION_SERVICES.kind.lower(),
                "shortNames": ["diar", "dsvc"],
                "categories": ["all"],
            },
            "versions": [_version()],
        },
    }


def _version() -> Manifest:
    return {
        "name": VERSION,
        "served": True,
        "storage": True,
        "subresources": {
            "status": {},
            "scale": {
                "specReplicasPath": ".spec.replicas",
                "statusReplicasPath": ".status.replicas",
                "labelSelectorPath": ".status.selector",
            },
        },
        "additionalPrinterColumns": [
            _condition_column("Ready", "status"),
            _condition_column("Reason", "reason"),
            {"name": "Model", "type": "string", "jsonPath": ".status.model.source"},
            {"name": "Replicas", "type": "integer", "jsonPath": ".status.replicas"},
            {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
        ],
        "schema": {"openAPIV3Schema": _schema()},
    }


def _condition_column(name: str, field: str) -> dict[str, Any]:
    return {"name": name, "type": "string", "jsonPath": f'.status.conditions[?(@.type=="Ready")].{field}'}


def _schema() -> Schema:
    return {
        "description": "A speaker-diarization service: send it a recording, get back who spoke when.",
        "type": "object",
        "required": ["spec"],
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"type": "object"},
            "spec": structural(DiarizationServiceSpec),
            "status": structural(DiarizationServiceStatus),
        },
        "x-kubernetes-validations": [NAME_RULE],
    }


def render() -> str:
    """The CRD as YAML, as it is committed in the chart."""
    without_aliases = json.loads(json.dumps(crd()))
    return yaml.safe_dump(without_aliases, sort_keys=False, allow_unicode=True, width=120)


if __name__ == "__main__":
    print(render(), end="")  # noqa: T201 - a command prints
