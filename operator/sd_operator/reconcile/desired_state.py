"""The desired state of a service: a function of its spec and of the state of its model. Pure.

It depends on no live child. `observe` computes it to know what else it has to read, and `decide` compares it with the
live children.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sd_operator.api.service import DiarizationService
from sd_operator.children import desired as desired_children
from sd_operator.reconcile.model.provisioning import ModelObservation, ModelPlan, plan_model
from sd_operator.reconcile.objects import with_digest
from sd_operator.resources import Manifest
from sd_operator.settings import Installation


class Kinds(NamedTuple):
    """The kinds of children that the cluster supports, and those for which the operator has no permission."""

    available: frozenset[str]
    forbidden: frozenset[str]


@dataclass(frozen=True, slots=True)
class DesiredState:
    """The children and the model Jobs that follow from the spec and the state of the model."""

    service: DiarizationService
    """The service with the model that its pods are to serve now."""
    model: ModelPlan
    children: list[Manifest]
    """The desired children that the cluster supports, each with its digest."""
    missing_kinds: frozenset[str] = frozenset()
    """Kinds of desired children that the operator cannot create."""
    forbidden_kinds: frozenset[str] = frozenset()
    """Those of them that the cluster has and the operator has no permission for."""


def desired_state(
    service: DiarizationService,
    model: ModelObservation,
    installation: Installation,
    kinds: Kinds,
    now: datetime,
) -> DesiredState:
    """Return the desired state in a cluster with these kinds."""
    plan = plan_model(service, installation, model, now)
    every = desired_children(plan.service, installation)
    missing = frozenset(manifest["kind"] for manifest in every) - kinds.available
    children = [with_digest(manifest) for manifest in every if manifest["kind"] in kinds.available]
    return DesiredState(plan.service, plan, children, missing, missing & kinds.forbidden)
