"""The permissions are those that the code uses, and allow no privilege escalation."""

from pathlib import Path

import yaml
from sd_operator.rbac import rules
from sd_operator.resources import CHILD_KINDS

RULES = [rule for section in rules().values() for rule in section]
GRANTED = {
    (f"{group}/{resource}", verb)
    for rule in RULES
    for group in rule["apiGroups"]
    for resource in rule["resources"]
    for verb in rule["verbs"]
}


def test_no_wildcard_is_granted() -> None:
    assert "*" not in {part for permission in GRANTED for part in permission}
    assert {verb for _, verb in GRANTED} == {"get", "list", "watch", "create", "patch", "delete", "update"}


def test_neither_secrets_nor_pod_subresources_nor_rbac_objects_are_granted() -> None:
    resources = {resource for resource, _ in GRANTED}
    assert not {each for each in resources if each.partition("/")[2].startswith(("secrets", "pods/", "nodes"))}
    assert not {each for each in resources if each.startswith(("rbac", "apiextensions", "admission", "certificates"))}
    assert {verb for resource, verb in GRANTED if resource == "/pods"} == {"list", "watch", "patch"}
    assert {verb for resource, verb in GRANTED if resource == "/events"} == {"create", "list"}


def test_only_the_status_of_a_service_can_be_written() -> None:
    own = "sd-triton.dev/diarizationservices"
    assert {verb for resource, verb in GRANTED if resource == own} == {"get", "list", "watch"}
    assert {verb for resource, verb in GRANTED if resource == f"{own}/status"} == {"patch"}


def test_every_kind_of_child_can_be_created_repaired_and_deleted() -> None:
    for kind in CHILD_KINDS:
        resource = f"{kind.api_version.rpartition('/')[0]}/{kind.plural}"
        verbs = {verb for granted, verb in GRANTED if granted == resource}
        assert verbs == {"get", "list", "watch", "create", "patch", "delete"}


def test_only_the_operators_lease_in_its_own_namespace_can_be_written() -> None:
    assert {resource for rule in rules()["own"] for resource in rule["resources"]} == {"leases"}
    assert not any("leases" in rule["resources"] for rule in rules()["watched"])
    assert [rule.get("resourceNames") for rule in rules()["own"]] == [None, ["LEASE_NAME"]]


def test_the_charts_rules_are_generated_from_the_code() -> None:
    installed = Path(__file__).parents[2] / "charts" / "sd-triton" / "files" / "rules.yaml"
    assert yaml.safe_load(installed.read_text()) == rules()
