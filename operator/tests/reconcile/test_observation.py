"""After a plan was applied, the observation describes the children as the API server returned them."""

from sd_harness.services.live_objects import deployment, live
from sd_harness.services.observations import conditions_by_type, observation
from sd_operator.reconcile.finding import Finding
from sd_operator.reconcile.plan import Outcome, Plan

SERVED = deployment(2, replicas=2, updatedReplicas=2, readyReplicas=2, availableReplicas=2)


def test_a_deployment_that_was_applied_is_not_ready_with_the_status_of_its_earlier_generation() -> None:
    before = observation(SERVED)
    assert conditions_by_type(before)["Ready"][:2] == ("True", "Serving")
    response = SERVED | {"metadata": SERVED["metadata"] | {"generation": 3}}
    after = before.after(Outcome(Plan(), live=[response]))
    assert conditions_by_type(after)["Ready"][:2] == ("False", "RollingOut")


def test_a_child_that_was_created_is_part_of_the_observation() -> None:
    after = observation().after(Outcome(Plan(), live=[live(SERVED)]))
    assert after.child("Deployment") == live(SERVED)
    assert after.child("Service") is None


def test_a_foreign_deployment_is_no_child() -> None:
    foreign = SERVED | {"metadata": SERVED["metadata"] | {"ownerReferences": []}}
    seen = observation(unlisted=[foreign])
    assert seen.live["Deployment", "demo"] == foreign
    assert conditions_by_type(seen.after(Outcome(Plan())))["Available"][0] == "False"


def test_errors_of_the_plan_precede_those_of_the_writes() -> None:
    taken, rejected = Finding("NameTaken", "Taken."), Finding("RequestRejected", "No.")
    after = observation().after(Outcome(Plan(errors=[taken]), errors=[rejected]))
    assert after.errors == [taken, rejected]
