"""A child that somebody else keeps changing is repaired three times at once, then once a minute, and it is said who."""

from sd_operator.kube.cache import Key
from sd_operator.reconcile.decide import Change, Plan, stamped
from sd_operator.reconcile.drift.field_conflicts import MEMORY_S, TRUCE_S, Conflicts, outsider
from sd_operator.resources import FIELD_MANAGER, Manifest

KEY = Key("default", "demo")
MANIFEST = stamped({"kind": "Service", "metadata": {"name": "demo"}, "spec": {"type": "ClusterIP"}})
REPAIR = Change(MANIFEST, MANIFEST, "spec.type")
UPDATE = Change(MANIFEST, {"kind": "Service", "metadata": {"name": "demo"}}, "spec.type")
CREATE = Change(MANIFEST)


def repaired(conflicts: Conflicts, change: Change, *times: float, key: Key = KEY) -> list[bool]:
    """Whether a change may be made at each of these times; it is made whenever it may."""
    answers: list[bool] = []
    for now in times:
        answers.append(conflicts.may_repair(key, change, now))
        conflicts.remember(key, [change] if answers[-1] else [], Plan(), now)
    return answers


def written_by(*writers: tuple[str, str, str]) -> Manifest:
    """A live object with managed fields: manager, time, subresource."""
    fields = [{"manager": who, "time": when, "subresource": part} for who, when, part in writers]
    return {"metadata": {"managedFields": fields}}


def test_three_repairs_are_made_at_once_and_the_next_after_a_minute() -> None:
    conflicts = Conflicts()
    assert repaired(conflicts, REPAIR, 0, 1, 2, 3, 30) == [True, True, True, False, False]
    assert repaired(conflicts, REPAIR, 2 + TRUCE_S, 3 + TRUCE_S) == [True, False]


def test_only_what_was_written_counts() -> None:
    conflicts = Conflicts()
    assert all(conflicts.may_repair(KEY, REPAIR, now) for now in range(10))
    assert not conflicts.is_contested(KEY, REPAIR, 10)


def test_what_the_operator_itself_changes_is_no_conflict() -> None:
    conflicts = Conflicts()
    assert all(conflicts.may_repair(KEY, change, 0) for change in [UPDATE, CREATE] * 5)
    other = Change(stamped({**MANIFEST, "spec": {"type": "NodePort"}}), MANIFEST, "spec.type")
    assert all(repaired(conflicts, change, 0) == [True] for change in [UPDATE, other] * 5)
    assert not conflicts.is_contested(KEY, UPDATE, 0)


def test_a_child_that_is_removed_again_and_again_is_contested_like_a_changed_one() -> None:
    conflicts = Conflicts()
    assert repaired(conflicts, CREATE, 0, 1, 2, 3, 4) == [True, True, True, True, False]  # the first made it
    conflicts.blame(KEY, CREATE, None)
    [told] = conflicts.causes(KEY, 4)
    assert told.message.startswith("Somebody else keeps removing Service demo, which")


def test_a_writer_that_takes_the_digest_away_is_known_from_memory() -> None:
    conflicts = Conflicts()
    assert repaired(conflicts, UPDATE, 0, 1, 2, 3, 4) == [True, True, True, True, False]  # the first was an update


def test_what_the_operator_removed_itself_may_come_back() -> None:
    conflicts = Conflicts()
    for now in range(8):
        assert repaired(conflicts, CREATE, now) == [True]
        conflicts.remember(KEY, [], Plan(delete=[MANIFEST]), now)


def test_a_conflict_is_told_until_nobody_has_changed_anything_for_a_while() -> None:
    conflicts = Conflicts()
    repaired(conflicts, REPAIR, 0, 1, 2)
    assert conflicts.causes(KEY, 3) == []  # nobody has been blamed yet
    conflicts.blame(KEY, REPAIR, written_by(("argocd", "2026-01-01T00:00:00Z", "")))
    [told] = conflicts.causes(KEY, 3)
    assert told.reason == "FieldConflict"
    assert told.message.startswith("argocd keeps changing spec.type of Service demo")
    assert conflicts.causes(KEY, MEMORY_S + 1) == []


def test_other_children_and_other_services_are_repaired_as_ever() -> None:
    conflicts = Conflicts()
    repaired(conflicts, REPAIR, 0, 1, 2)
    other = stamped({"kind": "Deployment", "metadata": {"name": "demo"}})
    assert conflicts.may_repair(KEY, Change(other, other, "spec"), 3)
    assert conflicts.may_repair(Key("default", "second"), REPAIR, 3)


def test_a_service_that_is_gone_is_forgotten() -> None:
    conflicts = Conflicts()
    repaired(conflicts, REPAIR, 0, 1, 2)
    conflicts.forget(KEY)
    assert conflicts.may_repair(KEY, REPAIR, 3)


def test_the_outsider_is_who_wrote_last_and_is_neither_the_operator_nor_a_writer_of_status() -> None:
    live = written_by(
        (FIELD_MANAGER, "2026-01-01T00:00:04Z", ""),
        ("kube-controller-manager", "2026-01-01T00:00:03Z", "status"),
        ("kubectl-edit", "2026-01-01T00:00:02Z", ""),
        ("helm", "2026-01-01T00:00:01Z", ""),
    )
    assert outsider(live) == "kubectl-edit"
    assert outsider(written_by()) == "somebody else"
