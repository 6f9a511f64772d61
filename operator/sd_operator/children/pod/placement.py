"""The pod fields for scheduling: nodes, priority and runtime class. Fields without a value are left out."""

from sd_operator.api.placement import SpreadConstraint
from sd_operator.api.rules import SpecPart
from sd_operator.api.service import DiarizationService
from sd_operator.children.metadata import selector
from sd_operator.resources import Manifest


def serving_pod_fields(service: DiarizationService) -> Manifest:
    """Return the fields of a pod that serves requests: the shared ones, and those of its device."""
    compute = service.spec.compute
    spread = [_spread(service, constraint) for constraint in compute.topology_spread_constraints]
    fields = {"topologySpreadConstraints": spread, "runtimeClassName": compute.runtime_class_name}
    return shared_fields(service) | {name: value for name, value in fields.items() if value}


def shared_fields(service: DiarizationService) -> Manifest:
    """Return the fields that pods of the Deployment and of model Jobs share, so that they use the same nodes."""
    compute = service.spec.compute
    fields: Manifest = {
        "nodeSelector": compute.node_selector,
        "tolerations": [_manifest(toleration) for toleration in compute.tolerations],
        "affinity": {} if compute.affinity is None else _manifest(compute.affinity),
        "priorityClassName": compute.priority_class_name,
    }
    return {name: value for name, value in fields.items() if value}


def _manifest(part: SpecPart) -> Manifest:
    return part.model_dump(by_alias=True, exclude_defaults=True)


def _spread(service: DiarizationService, constraint: SpreadConstraint) -> Manifest:
    """Return the constraint for pods of the current template: old pods terminate soon and would skew the result."""
    return {
        "maxSkew": constraint.max_skew,
        "topologyKey": constraint.topology_key,
        "whenUnsatisfiable": constraint.when_unsatisfiable,
        "labelSelector": {"matchLabels": selector(service)},
        "matchLabelKeys": ["pod-template-hash"],
    }
