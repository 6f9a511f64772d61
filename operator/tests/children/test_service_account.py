"""The ServiceAccount of the pods has no token."""

from children_manifests import child
from sd_harness.services.service_specs import DEMO


def test_token_is_not_mounted() -> None:
    account = child(DEMO, "ServiceAccount")
    assert account["apiVersion"] == "v1"
    assert account["automountServiceAccountToken"] is False
