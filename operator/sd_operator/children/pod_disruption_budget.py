"""The PodDisruptionBudget: when nodes are drained, pods move one after the other."""

from sd_operator.api.service import DiarizationService
from sd_operator.children.metadata import metadata, selector
from sd_operator.resources import POD_DISRUPTION_BUDGETS, Manifest
from sd_operator.settings import Installation


def build(service: DiarizationService, _installation: Installation) -> Manifest:
    """One pod at a time, also where there is only one: a service with one pod must not hold up a node for ever.

    Pods that do not serve may always go. By default a budget that is used up by crashed pods would keep them, too.
    """
    return {
        "apiVersion": POD_DISRUPTION_BUDGETS.api_version,
        "kind": POD_DISRUPTION_BUDGETS.kind,
        "metadata": metadata(service),
        "spec": {
            "maxUnavailable": 1,
            "selector": {"matchLabels": selector(service)},
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
        },
    }
