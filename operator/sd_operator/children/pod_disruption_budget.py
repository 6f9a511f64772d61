"""The PodDisruptionBudget: a node drain evicts one pod at a time."""

from sd_operator.api.service import DiarizationService
from sd_operator.children.metadata import metadata, selector
from sd_operator.resources import POD_DISRUPTION_BUDGETS, Manifest
from sd_operator.settings import Installation


def build(service: DiarizationService, _installation: Installation) -> Manifest:
    """Return a budget of one unavailable pod, also for a single replica: minAvailable 1 would block its drain forever.

    Pods that are not ready can always be evicted. By default crashed pods that use up the budget could not.
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
