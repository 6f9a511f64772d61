"""A namespace with an operator at work, and the words for what tests do there."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sd_operator.api.service import DiarizationService
from sd_operator.children import desired
from sd_operator.children.config_map import referenced_config_map
from sd_operator.reconcile.decide import identity
from sd_operator.resources import CORE_KINDS, DEPLOYMENTS

from sd_harness.control_plane.control_plane import ControlPlane, Manifest
from sd_harness.control_plane.operator_process import WRITES, RunningOperator
from sd_harness.control_plane.processes import eventually
from sd_harness.services.live_objects import INSTALLATION

QUIET_S = 2.0


def diarization_service(spec: Manifest, metadata: Manifest) -> Manifest:
    """A resource as people write it."""
    return {"apiVersion": "sd-triton.dev/v1alpha1", "kind": "DiarizationService", "metadata": metadata, "spec": spec}


@dataclass(frozen=True)
class OperatorTestbed:
    """What every test of the reconcile loop starts from."""

    plane: ControlPlane
    operator: RunningOperator
    namespace: str

    def manifest(self, spec: dict[str, Any], name: str = "demo") -> Manifest:
        """A DiarizationService of this namespace."""
        return diarization_service(spec, {"name": name, "namespace": self.namespace})

    def apply(self, spec: dict[str, Any], name: str = "demo") -> None:
        """Creates or changes a service."""
        self.plane.apply(self.manifest(spec, name))

    def kubectl(self, *arguments: str) -> str:
        """Runs kubectl in the namespace; returns what it printed."""
        return self.plane.kubectl(f"--namespace={self.namespace}", *arguments).stdout

    def get(self, kind: str, name: str = "demo") -> Manifest | None:
        """One object."""
        return self.plane.get(kind, name, self.namespace)

    def eventually(
        self, kind: str, holds: Callable[[Manifest], Any], name: str = "demo", *, timeout_s: float = 10
    ) -> Manifest:
        """The object once `holds` is true of it."""

        def look() -> Manifest | None:
            found = self.get(kind, name)
            return found if found and holds(found) else None

        return eventually(look, f"{kind}/{name}", timeout_s)

    def children(self, name: str = "demo") -> dict[tuple[str, str], Manifest]:
        """Everything that a service owns, by kind and name."""
        kinds = ",".join(resource.plural for resource in CORE_KINDS)
        owned = [each for each in self.plane.list(kinds, self.namespace) if owner(each) == name]
        earlier = self._earlier_settings(owned)
        return {identity(each): each for each in owned if each["metadata"]["name"] not in earlier}

    def _earlier_settings(self, owned: list[Manifest]) -> set[str]:
        """The ConfigMaps that only pods of an earlier spec read: without nodes no rollout is ever over."""
        latest = {referenced_config_map(each["spec"]["template"]) for each in owned if each["kind"] == DEPLOYMENTS.kind}
        return {referenced_config_map(pod) for pod in self.pods()} - latest

    def settings(self, name: str = "demo") -> dict[str, str]:
        """What new pods of a service read; nothing where it has no pods yet."""
        deployment = self.get("deployment", name)
        found = self.get("configmap", referenced_config_map(deployment["spec"]["template"])) if deployment else None
        return found["data"] if found else {}

    def wait_for_adapters(self, number: int) -> None:
        """Waits until that part of the spec has reached the settings."""
        eventually(lambda: self.settings().get("SD_ADAPTERS") == str(number), f"{number} adapters")

    def desired_children(self, name: str = "demo") -> set[tuple[str, str]]:
        """Kind and name of everything that a service should own in a cluster without optional kinds."""
        service = DiarizationService.parse(self.get("diar", name) or {})
        core = {resource.kind for resource in CORE_KINDS}
        return {identity(child) for child in desired(service, INSTALLATION) if child["kind"] in core}

    def wait_until_quiet(self) -> float:
        """How often the operator has written, once it has written nothing for a while: what is due has been done."""
        began_s = since_s = time.monotonic()
        count = self.operator.count(WRITES)
        while time.monotonic() - since_s < QUIET_S:
            assert time.monotonic() - began_s < 20, "The operator goes on writing."
            time.sleep(0.1)
            if (now := self.operator.count(WRITES)) != count:
                count, since_s = now, time.monotonic()
        return count

    def wait_until_settled(self, name: str = "demo", *, timeout_s: float = 10) -> dict[tuple[str, str], Manifest]:
        """The children once they are all there and the status is about pods that exist."""

        def holds(seen: Manifest) -> bool:
            is_current = seen.get("status", {}).get("observedGeneration") == seen["metadata"]["generation"]
            return is_current and condition(seen, "Ready")["reason"] == "Unschedulable"

        self.eventually("diar", holds, name, timeout_s=timeout_s)
        children = self.children(name)
        assert children.keys() == self.desired_children(name)
        return children

    def events(self, name: str = "demo") -> list[tuple[str, str]]:
        """Type and reason of what kubectl describe would show, the oldest first."""
        seen = self.plane.list("events", self.namespace)
        mine = [each for each in seen if each["involvedObject"]["kind"] == "DiarizationService"]
        mine = [each for each in mine if each["involvedObject"]["name"] == name]
        mine.sort(key=lambda each: int(each["metadata"]["resourceVersion"]))
        return [(each["type"], each["reason"]) for each in mine]

    def pods(self) -> list[Manifest]:
        """The service's pods."""
        return self.plane.list("pods", self.namespace)

    def patch_pods(self, **status: Any) -> None:
        """Writes what a kubelet would write into every pod."""
        for pod in self.pods():
            self.plane.patch_status("pod", pod["metadata"]["name"], self.namespace, status)


def condition(service: Manifest, kind: str) -> Manifest:
    """A condition of a service; one without words before it has any."""
    conditions = service.get("status", {}).get("conditions", [])
    return next((each for each in conditions if each["type"] == kind), {"status": "", "reason": "", "message": ""})


def owner(child: Manifest) -> str:
    """The name of the DiarizationService that an object belongs to."""
    owners = child["metadata"].get("ownerReferences", ())
    return next((each["name"] for each in owners if each["kind"] == "DiarizationService"), "")
