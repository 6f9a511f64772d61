"""The rights are what the code uses, and nothing that would let it become more."""

from pathlib import Path

import yaml
from sd_operator.rbac import rights
from sd_operator.resources import CHILD_KINDS

RULES = [rule for rules in rights().values() for rule in rules]
GRANTED = {
    (f"{group}/{resource}", verb)
    for rule in RULES
    for group in rule["apiGroups"]
    for resource in rule["resources"]
    for verb in rule["verbs"]
}


def test_nothing_is_granted_wholesale() -> None:
    assert "*" not in {part for right in GRANTED for part in right}
    assert {verb for _, verb in GRANTED} == {"get", "list", "watch", "create", "patch", "delete", "update"}


def test_no_secret_no_pod_is_opened_and_no_right_is_handed_on() -> None:
    resources = {resource for resource, _ in GRANTED}
    assert not {each for each in resources if each.partition("/")[2].startswith(("secrets", "pods/", "nodes"))}
    assert not {each for each in resources if each.startswith(("rbac", "apiextensions", "admission", "certificates"))}
    assert {verb for resource, verb in GRANTED if resource == "/pods"} == {"list", "watch", "patch"}
    assert {verb for resource, verb in GRANTED if resource == "/events"} == {"create", "list"}


def test_a_service_itself_is_never_changed() -> None:
    own = "sd-triton.dev/diarizationservices"
    assert {verb for resource, verb in GRANTED if resource == own} == {"get", "list", "watch"}
    assert {verb for resource, verb in GRANTED if resource == f"{own}/status"} == {"patch"}


def test_every_kind_of_child_can_be_kept_right() -> None:
    for kind in CHILD_KINDS:
        resource = f"{kind.api_version.rpartition('/')[0]}/{kind.plural}"
        verbs = {verb for granted, verb in GRANTED if granted == resource}
        assert verbs == {"get", "list", "watch", "create", "patch", "delete"}


def test_only_the_own_lease_is_held_and_only_in_the_own_namespace() -> None:
    assert {resource for rule in rights()["own"] for resource in rule["resources"]} == {"leases"}
    assert not any("leases" in rule["resources"] for rule in rights()["watched"])
    assert [rule.get("resourceNames") for rule in rights()["own"]] == [None, ["LEASE_NAME"]]


def test_what_is_installed_is_what_the_code_says() -> None:
    installed = Path(__file__).parents[2] / "charts" / "sd-triton" / "files" / "rules.yaml"
    assert yaml.safe_load(installed.read_text()) == rights()
