"""A child that another client changes repeatedly is restored three times immediately, then once a minute."""

from sd_operator.kube.managed_fields import ListItem
from sd_operator.reconcile.drift.field_conflicts import CONFLICT_INTERVAL_S, WINDOW_S, RepairHistory, conflict
from sd_operator.reconcile.drift.manifest_diff import Difference
from sd_operator.reconcile.objects import identity, with_digest
from sd_operator.reconcile.plan import Change
from sd_operator.resources import FIELD_MANAGER, Manifest

MANIFEST = with_digest({"kind": "Service", "metadata": {"name": "demo"}, "spec": {"type": "ClusterIP"}})
CHILD = identity(MANIFEST)
TYPE = Difference(("spec", "type"), "NodePort")
REPAIR = Change(MANIFEST, MANIFEST, TYPE)
UPDATE = Change(MANIFEST, {"kind": "Service", "metadata": {"name": "demo"}}, TYPE)
CREATE = Change(MANIFEST)


def repaired(history: RepairHistory, change: Change, *times: float) -> tuple[RepairHistory, list[bool]]:
    """Return whether a change may be applied at each of these times; it is applied whenever it may."""
    allowed: list[bool] = []
    for now in times:
        allowed.append(history.may_apply(change, now))
        history = history.updated([change] if allowed[-1] else [], [], now)
    return history, allowed


def test_three_repairs_are_immediate_and_the_next_follows_after_a_minute() -> None:
    history, allowed = repaired(RepairHistory(), REPAIR, 0, 1, 2, 3, 30)
    assert allowed == [True, True, True, False, False]
    _, allowed = repaired(history, REPAIR, 2 + CONFLICT_INTERVAL_S, 3 + CONFLICT_INTERVAL_S)
    assert allowed == [True, False]


def test_only_applied_changes_count() -> None:
    history = RepairHistory()
    assert all(history.may_apply(REPAIR, now) for now in range(10))
    assert not history.is_in_conflict(CHILD, 10)


def test_changes_of_the_spec_are_no_conflict() -> None:
    history = RepairHistory()
    other = Change(with_digest({**MANIFEST, "spec": {"type": "NodePort"}}), MANIFEST, TYPE)
    for change in [UPDATE, other] * 5:
        history, allowed = repaired(history, change, 0)
        assert allowed == [True]
    assert not history.is_in_conflict(CHILD, 0)


def test_a_child_that_is_deleted_repeatedly_is_in_conflict() -> None:
    history, allowed = repaired(RepairHistory(), CREATE, 0, 1, 2, 3, 4)
    assert allowed == [True, True, True, True, False]  # the first one created it
    [found] = history.with_conflicts({CHILD: conflict(CREATE, None)}).findings(4)
    assert found.message.startswith("Another client repeatedly deletes Service demo, which")


def test_a_client_that_removes_the_digest_is_detected_from_the_history() -> None:
    _, allowed = repaired(RepairHistory(), UPDATE, 0, 1, 2, 3, 4)
    assert allowed == [True, True, True, True, False]  # the first one was an update


def test_a_child_that_the_operator_deleted_itself_may_be_created_again() -> None:
    history = RepairHistory()
    for now in range(8):
        history, allowed = repaired(history, CREATE, now)
        assert allowed == [True]
        history = history.updated([], [MANIFEST], now)


def test_a_conflict_is_reported_until_there_was_no_repair_for_a_while() -> None:
    history, _ = repaired(RepairHistory(), REPAIR, 0, 1, 2)
    assert history.findings(3) == []
    live = written_by(("argocd", "2026-01-01T00:00:00Z", "", {"f:spec": {"f:type": {}}}))
    history = history.with_conflicts({CHILD: conflict(REPAIR, live)})
    [found] = history.findings(3)
    assert found.reason == "FieldConflict"
    assert found.message.startswith("argocd repeatedly changes spec.type of Service demo")
    assert history.findings(WINDOW_S + 1) == []


def test_other_children_are_repaired_as_before() -> None:
    history, _ = repaired(RepairHistory(), REPAIR, 0, 1, 2)
    other = with_digest({"kind": "Deployment", "metadata": {"name": "demo"}})
    assert history.may_apply(Change(other, other, Difference(("spec",), None)), 3)


def written_by(*writers: tuple[str, str, str, Manifest]) -> Manifest:
    """Return a live object with managed fields: manager, time, subresource, fields."""
    entries = [
        {"manager": manager, "time": time, "subresource": subresource, "fieldsV1": fields}
        for manager, time, subresource, fields in writers
    ]
    ports = [{"name": "grpc", "port": 8001, "protocol": "TCP"}, {"name": "http", "port": 1, "protocol": "TCP"}]
    return {"kind": "Service", "metadata": {"name": "demo", "managedFields": entries}, "spec": {"ports": ports}}


def test_the_manager_of_the_very_field_is_named_and_not_the_latest_writer() -> None:
    port = Difference(("spec", "ports", ListItem("http", 1), "targetPort"), 1)
    item = {'k:{"port":1,"protocol":"TCP"}': {".": {}, "f:targetPort": {}}}
    live = written_by(
        (FIELD_MANAGER, "2026-01-01T00:00:04Z", "", {"f:spec": {"f:ports": item}}),
        ("kube-controller-manager", "2026-01-01T00:00:03Z", "status", {"f:status": {}}),
        ("kubectl-label", "2026-01-01T00:00:02Z", "", {"f:metadata": {"f:labels": {"f:team": {}}}}),
        ("helm", "2026-01-01T00:00:01Z", "", {"f:spec": {"f:ports": item}}),
    )
    assert conflict(Change(MANIFEST, live, port), live).message.startswith(
        "helm repeatedly changes spec.ports[http].targetPort of Service demo"
    )


def test_without_an_owner_of_the_field_the_latest_writer_is_named() -> None:
    live = written_by(
        ("kubectl-edit", "2026-01-01T00:00:02Z", "", {"f:metadata": {}}),
        ("helm", "2026-01-01T00:00:01Z", "", {"f:spec": {"f:selector": {}}}),
    )
    assert conflict(REPAIR, live).message.startswith("kubectl-edit repeatedly changes spec.type")
    assert conflict(REPAIR, written_by()).message.startswith("Another client repeatedly changes spec.type")
