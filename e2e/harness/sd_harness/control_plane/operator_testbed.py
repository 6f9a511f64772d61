"""A namespace of a control plane with a running operator, and operations for tests in it."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sd_operator.api.service import DiarizationService
from sd_operator.children import desired
from sd_operator.children.config_map import referenced_config_map
from sd_operator.reconcile.objects import identity
from sd_operator.resources import CORE_KINDS, DEPLOYMENTS

from sd_harness.control_plane.control_plane import ControlPlane, Manifest
from sd_harness.control_plane.operator_process import RECONCILES, WRITES, RunningOperator
from sd_harness.control_plane.processes import eventually
from sd_harness.services.live_objects import INSTALLATION

QUIET_S = 2.0
"""The operator counts as quiet after this time without a write."""


def diarization_service(spec: Manifest, metadata: Manifest) -> Manifest:
    """A DiarizationService as users write it."""
    return {"apiVersion": "sd-triton.dev/v1alpha1", "kind": "DiarizationService", "metadata": metadata, "spec": spec}


@dataclass(frozen=True)
class OperatorTestbed:
    """A namespace, its control plane and the operator that watches it."""

    plane: ControlPlane
    operator: RunningOperator
    namespace: str

    def manifest(self, spec: dict[str, Any], name: str = "demo") -> Manifest:
        """A DiarizationService of this namespace."""
        return diarization_service(spec, {"name": name, "namespace": self.namespace})

    def apply(self, spec: dict[str, Any], name: str = "demo") -> None:
        """Apply a DiarizationService with kubectl."""
        self.plane.apply(self.manifest(spec, name))

    def kubectl(self, *arguments: str) -> str:
        """Run kubectl in the namespace and return its standard output."""
        return self.plane.kubectl(f"--namespace={self.namespace}", *arguments).stdout

    def get(self, kind: str, name: str = "demo") -> Manifest | None:
        """One object, or None if it does not exist."""
        return self.plane.get(kind, name, self.namespace)

    def eventually(
        self, kind: str, predicate: Callable[[Manifest], Any], name: str = "demo", *, timeout_s: float = 10
    ) -> Manifest:
        """Wait until an object satisfies the predicate, and return it."""

        def find() -> Manifest | None:
            live = self.get(kind, name)
            return live if live and predicate(live) else None

        return eventually(find, f"{kind}/{name}", timeout_s)

    def children(self, name: str = "demo") -> dict[tuple[str, str], Manifest]:
        """Objects that a service owns, by kind and name, without ConfigMaps of earlier specs."""
        kinds = ",".join(resource.plural for resource in CORE_KINDS)
        owned = [each for each in self.plane.list(kinds, self.namespace) if owner(each) == name]
        earlier = self._earlier_config_maps(owned)
        return {identity(each): each for each in owned if each["metadata"]["name"] not in earlier}

    def _earlier_config_maps(self, owned: list[Manifest]) -> set[str]:
        """ConfigMaps that only pods of an earlier spec reference; without nodes no rollout ever completes."""
        latest = {referenced_config_map(each["spec"]["template"]) for each in owned if each["kind"] == DEPLOYMENTS.kind}
        return {referenced_config_map(pod) for pod in self.pods()} - latest

    def settings(self, name: str = "demo") -> dict[str, str]:
        """Data of the ConfigMap that new pods of a service reference; empty before it has a Deployment."""
        deployment = self.get("deployment", name)
        config_map = (
            self.get("configmap", referenced_config_map(deployment["spec"]["template"])) if deployment else None
        )
        return config_map["data"] if config_map else {}

    def wait_for_adapters(self, number: int) -> None:
        """Wait until the settings of new pods have this number of adapters."""
        eventually(lambda: self.settings().get("SD_ADAPTERS") == str(number), f"{number} adapters")

    def desired_children(self, name: str = "demo") -> set[tuple[str, str]]:
        """Kind and name of all objects that a service should own in a cluster without optional kinds."""
        service = DiarizationService.parse(self.get("diar", name) or {})
        core = {resource.kind for resource in CORE_KINDS}
        return {identity(child) for child in desired(service, INSTALLATION) if child["kind"] in core}

    def reconcile_again(self, times: int, name: str = "demo") -> None:
        """Trigger further passes over a service, one after the other."""
        for number in range(times):
            passes = self.operator.count(RECONCILES)
            self.kubectl("annotate", "diar", name, f"pass={number}", "--overwrite")
            eventually(lambda passes=passes: self.operator.count(RECONCILES) > passes, "another pass")

    def wait_until_quiet(self) -> float:
        """Wait until the operator writes nothing for QUIET_S, and return its number of writes."""
        started_s = quiet_since_s = time.monotonic()
        count = self.operator.count(WRITES)
        while time.monotonic() - quiet_since_s < QUIET_S:
            assert time.monotonic() - started_s < 20, "The operator keeps writing."
            time.sleep(0.1)
            if (now := self.operator.count(WRITES)) != count:
                count, quiet_since_s = now, time.monotonic()
        return count

    def wait_until_settled(self, name: str = "demo", *, timeout_s: float = 10) -> dict[tuple[str, str], Manifest]:
        """Wait until the status is current and reports unschedulable pods; return the complete children."""

        def is_settled(live: Manifest) -> bool:
            is_current = live.get("status", {}).get("observedGeneration") == live["metadata"]["generation"]
            return is_current and condition(live, "Ready")["reason"] == "Unschedulable"

        self.eventually("diar", is_settled, name, timeout_s=timeout_s)
        children = self.children(name)
        assert children.keys() == self.desired_children(name)
        return children

    def events(self, name: str = "demo") -> list[tuple[str, str]]:
        """Type and reason of the service's Events, the oldest first."""
        events = self.plane.list("events", self.namespace)
        own = [each for each in events if each["involvedObject"]["kind"] == "DiarizationService"]
        own = [each for each in own if each["involvedObject"]["name"] == name]
        own.sort(key=lambda each: int(each["metadata"]["resourceVersion"]))
        return [(each["type"], each["reason"]) for each in own]

    def pods(self) -> list[Manifest]:
        """All pods of the namespace."""
        return self.plane.list("pods", self.namespace)

    def patch_pods(self, **status: Any) -> None:
        """Patch the status of every pod, as a kubelet would."""
        for pod in self.pods():
            self.plane.patch_status("pod", pod["metadata"]["name"], self.namespace, status)


def condition(service: Manifest, kind: str) -> Manifest:
    """A condition of a service; with empty fields if the service does not have it."""
    conditions = service.get("status", {}).get("conditions", [])
    return next((each for each in conditions if each["type"] == kind), {"status": "", "reason": "", "message": ""})


def owner(child: Manifest) -> str:
    """The name of the DiarizationService that an object belongs to."""
    owners = child["metadata"].get("ownerReferences", ())
    return next((each["name"] for each in owners if each["kind"] == "DiarizationService"), "")
