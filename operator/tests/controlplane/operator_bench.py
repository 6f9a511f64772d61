"""A namespace with an operator at work, and the words for what tests do there."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from control_plane import ControlPlane, Manifest
from operator_process import RunningOperator
from plane_processes import eventually


def diarization_service(spec: Manifest, metadata: Manifest) -> Manifest:
    """A resource as people write it."""
    return {"apiVersion": "sd-triton.dev/v1alpha1", "kind": "DiarizationService", "metadata": metadata, "spec": spec}


@dataclass(frozen=True)
class Bench:
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

    def eventually(self, kind: str, holds: Callable[[Manifest], Any], name: str = "demo") -> Manifest:
        """The object once `holds` is true of it."""

        def look() -> Manifest | None:
            found = self.get(kind, name)
            return found if found and holds(found) else None

        return eventually(look, f"{kind}/{name}")

    def children(self) -> dict[str, Manifest]:
        """The service's own objects by kind."""
        kinds = self.plane.list("serviceaccounts,deployments,services", self.namespace)
        return {each["kind"]: each for each in kinds if each["metadata"]["name"] == "demo"}

    def settled(self) -> dict[str, Manifest]:
        """The children once there are three and the status is about pods that exist."""
        self.eventually("diar", lambda seen: condition(seen, "Ready")["reason"] == "Unschedulable")
        children = self.children()
        assert children.keys() == {"ServiceAccount", "Deployment", "Service"}
        return children

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
