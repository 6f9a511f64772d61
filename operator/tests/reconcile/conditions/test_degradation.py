"""The condition Degraded names what is wrong beside serving, and which fields admission has changed."""

import copy
import json
from typing import Any

from sd_harness.services.live_objects import deployment, live
from sd_harness.services.observations import conditions_by_type, desired_state, observation
from sd_operator.reconcile.drift.admission import ACCEPTED_ANNOTATION
from sd_operator.reconcile.finding import Finding
from sd_operator.reconcile.objects import digest
from sd_operator.resources import Manifest

SERVED = deployment(2, replicas=2, updatedReplicas=2, readyReplicas=2, availableReplicas=2)
MONITORING = frozenset({"PodMonitor", "PrometheusRule"})


def degraded(*children: Manifest, **seen: Any) -> tuple[str, str, str]:
    """Return the condition of a service that serves."""
    return conditions_by_type(observation(*(children or (SERVED,)), **seen))["Degraded"]


def test_a_conflict_degrades_a_service_that_serves() -> None:
    conflict = Finding("FieldConflict", "kubectl-edit repeatedly changes spec.replicas.")
    assert degraded(conflicts=[conflict]) == ("True", conflict.reason, conflict.message)
    assert conditions_by_type(observation(SERVED, conflicts=[conflict]))["Ready"][0] == "True"


def test_a_missing_kind_is_named() -> None:
    status, reason, message = degraded(desired=desired_state(missing_kinds=MONITORING))
    assert (status, reason) == ("True", "KindMissing")
    assert message.startswith("The cluster has no PodMonitor and PrometheusRule (monitoring.coreos.com/v1)")


def test_a_kind_without_permission_is_not_called_missing() -> None:
    desired = desired_state(missing_kinds=MONITORING, forbidden_kinds=MONITORING)
    status, reason, message = degraded(desired=desired)
    assert (status, reason) == ("True", "KindForbidden")
    assert message.startswith("The operator has no permission for PodMonitor and PrometheusRule")


def mirrored(image: str) -> Manifest:
    """Return the Deployment after admission has changed an image, with the annotation about it."""
    manifest = next(each for each in desired_state().children if each["kind"] == "Deployment")
    child = live(copy.deepcopy(manifest))
    child["spec"]["template"]["spec"]["containers"][0]["image"] = image
    accepted = {"spec.template.spec.containers[triton].image": digest("mirror.example/triton:1")}
    child["metadata"]["annotations"][ACCEPTED_ANNOTATION] = json.dumps(accepted)
    return child | {"status": SERVED["status"]}


def test_a_field_that_admission_changed_is_named_and_does_not_degrade_the_service() -> None:
    status, reason, message = degraded(mirrored("mirror.example/triton:1"))
    assert (status, reason) == ("False", "ChangedByAdmission")
    assert message == (
        "Admission changed spec.template.spec.containers[triton].image of Deployment demo when the operator applied "
        "it. The operator accepts the value."
    )


def test_a_field_that_admission_changed_is_named_beside_a_failure() -> None:
    conflict = Finding("FieldConflict", "kubectl-edit repeatedly changes spec.replicas.")
    status, reason, message = degraded(mirrored("mirror.example/triton:1"), conflicts=[conflict])
    assert (status, reason) == ("True", "FieldConflict")
    assert message.startswith(f"{conflict.message} Admission changed spec.template.spec.containers[triton].image")


def test_a_field_that_was_changed_later_is_not_attributed_to_admission() -> None:
    assert degraded(mirrored("other.example/triton:1"))[1] == "AsExpected"
