"""Observations of a service, for tests of decisions about it."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sd_operator.children import desired as desired_children
from sd_operator.reconcile.desired_state import DesiredState
from sd_operator.reconcile.finding import Finding
from sd_operator.reconcile.model.provisioning import ModelPlan
from sd_operator.reconcile.objects import with_digest
from sd_operator.reconcile.observation import Observation
from sd_operator.reconcile.status import status
from sd_operator.resources import Manifest

from sd_harness.services.live_objects import INSTALLATION, resource, service
from sd_harness.services.service_specs import DEMO, Spec

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def desired_state(spec: Spec = DEMO, *, model: Finding | None = None, **changed: Any) -> DesiredState:
    """Return the desired state of a service whose model is available, unless `model` says why it is not."""
    parsed = service(spec)
    children = [with_digest(manifest) for manifest in desired_children(parsed, INSTALLATION)]
    return replace(DesiredState(parsed, ModelPlan(parsed, finding=model), children), **changed)


def observation(
    *children: Manifest, spec: Spec = DEMO, desired: DesiredState | None = None, **seen: Any
) -> Observation:
    """Return the observation of a service with these live children."""
    seen = {"resource": resource(spec), "now": NOW, **seen}
    return Observation(children=[*children], desired=desired or desired_state(spec), **seen)


def conditions_by_type(seen: Observation) -> dict[str, tuple[str, str, str]]:
    """Return status, reason and message of every condition."""
    written = status(seen)["conditions"]
    return {each["type"]: (each["status"], each["reason"], each["message"]) for each in written}


def container_status(name: str, **state: Any) -> Manifest:
    """Return the status of a container."""
    return {"name": name, "image": "server:1", "restartCount": 0, "ready": False, "started": False, **state}
