"""All containers run without privileges and with a read-only root file system."""

import pytest
from children_manifests import containers, pod
from sd_harness.services.service_specs import ALL_FIELDS, DEMO, Spec


@pytest.mark.parametrize("spec", [DEMO, ALL_FIELDS], ids=["smallest", "all fields"])
def test_containers_are_restricted(spec: Spec) -> None:
    for container in containers(spec):
        security = container["securityContext"]
        assert security["readOnlyRootFilesystem"]
        assert security["allowPrivilegeEscalation"] is False
        assert security["capabilities"] == {"drop": ["ALL"]}
    assert pod(spec)["securityContext"]["runAsNonRoot"]
    assert pod(spec)["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
