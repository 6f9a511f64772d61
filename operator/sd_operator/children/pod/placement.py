"""Where the pods may run, before whom, and in which runtime; what is not asked for is left out."""

from sd_operator.api.placement import SpreadConstraint
from sd_operator.api.rules import Part
from sd_operator.api.service import DiarizationService
from sd_operator.children.metadata import selector
from sd_operator.resources import Manifest


def of(service: DiarizationService) -> Manifest:
    """The fields of a pod that serves."""
    compute = service.spec.compute
    spread = [_spread(service, each) for each in compute.topology_spread_constraints]
    beside = {"topologySpreadConstraints": spread, "runtimeClassName": compute.runtime_class_name}
    return of_job(service) | {name: wanted for name, wanted in beside.items() if wanted}


def of_job(service: DiarizationService) -> Manifest:
    """The fields of a pod that may run wherever one that serves may: it has no device, and is no part of the spread."""
    compute = service.spec.compute
    placement: Manifest = {
        "nodeSelector": compute.node_selector,
        "tolerations": [_written(toleration) for toleration in compute.tolerations],
        "affinity": {} if compute.affinity is None else _written(compute.affinity),
        "priorityClassName": compute.priority_class_name,
    }
    return {name: wanted for name, wanted in placement.items() if wanted}


def _written(part: Part) -> Manifest:
    return part.model_dump(by_alias=True, exclude_defaults=True)


def _spread(service: DiarizationService, constraint: SpreadConstraint) -> Manifest:
    """Pods of an earlier spec do not count: they are on their way out, and the new ones are even by themselves."""
    return {
        "maxSkew": constraint.max_skew,
        "topologyKey": constraint.topology_key,
        "whenUnsatisfiable": constraint.when_unsatisfiable,
        "labelSelector": {"matchLabels": selector(service)},
        "matchLabelKeys": ["pod-template-hash"],
    }
