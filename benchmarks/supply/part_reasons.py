"""Failure reasons on a control plane: the time until a reason is in the status, and until it is resolved."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from sd_harness.control_plane.chart_rendering import render_chart
from sd_harness.control_plane.control_plane import Manifest, build_programs, control_plane
from sd_harness.control_plane.operator_process import running_operator
from sd_harness.control_plane.operator_testbed import condition, diarization_service
from sd_harness.hub import fake_hub, hub_models
from sd_harness.hub.hub_models import COMMUNITY, COMMUNITY_COMMIT
from sd_harness.hub.hub_state import GOOD_TOKEN, FakeHub
from sd_operator.resources import DIARIZATION_SERVICES

from benchmarks.operator.api_client import ApiClient
from benchmarks.operator.benchmark_cluster import IN_MEMORY, INSTALLED_KINDS
from benchmarks.record import Row
from benchmarks.supply.job_kubelet import JobKubelet, job_kubelet
from benchmarks.supply.reason_cases import ReasonCase, cases

NAMESPACE = "reasons"
REPORT_GOAL_S, RESOLVE_GOAL_S = 10.0, 120.0
REPORT_TIMEOUT_S = 60.0
CONDITIONS = ("ModelAccess", "ModelCached")


@dataclass(slots=True)
class Measurement:
    """A case with its hub, and the times until its reason was reported and resolved."""

    case: ReasonCase
    hub: FakeHub
    reported_s: float | None = None
    """Seconds from the end of the failed run; 0 for a reason that is reported during the run."""
    resolved_s: float | None = None
    """Seconds from the resolution of the failure to ModelCached."""


@dataclass(frozen=True, slots=True)
class Testbed:
    """An API server with an operator and a kubelet for model Jobs."""

    api: ApiClient
    kubelet: JobKubelet

    def create(self, case: ReasonCase, hub: FakeHub) -> None:
        """Create a service whose model is not available for the case's reason."""
        case.fail(hub)
        if case.has_secret:
            self.create_secret(case)
        source = {
            "pipeline": COMMUNITY,
            "revision": COMMUNITY_COMMIT,
            "endpoint": hub.url,
            "tokenSecretRef": {"name": case.name, "key": "token"},
        }
        spec = {"model": {"source": {"huggingFace": source | dict(case.source)}}, "compute": {"accelerator": "cpu"}}
        self.api.create(diarization_service(spec, {"name": case.name, "namespace": NAMESPACE}))

    def create_secret(self, case: ReasonCase) -> None:
        """Create the Secret with the access token."""
        content = {"token": base64.b64encode(GOOD_TOKEN.encode()).decode()}
        secret = {"metadata": {"name": case.name}, "data": content}
        self.api.request("POST", f"/api/v1/namespaces/{NAMESPACE}/secrets", secret)

    def resolve(self, case: ReasonCase, hub: FakeHub) -> None:
        """Resolve the failure."""
        case.resolve(hub)
        if not case.has_secret:
            self.create_secret(case)
        if case.resolved_source:
            patch = {"spec": {"model": {"source": {"huggingFace": dict(case.resolved_source)}}}}
            self.api.patch(DIARIZATION_SERVICES, NAMESPACE, case.name, patch)

    def services(self) -> dict[str, Manifest]:
        """Return the services by name."""
        services = self.api.list(DIARIZATION_SERVICES, NAMESPACE)
        return {service["metadata"]["name"]: service for service in services}


def measure(little: bool) -> list[Row]:  # noqa: FBT001 - as all parts are called
    """Create a service with its own hub for each reason, all at once; resolve all failures once they are reported."""
    selected = cases()[:3] if little else cases()
    with _testbed() as testbed, ExitStack() as stack:
        measurements = [
            Measurement(case, stack.enter_context(fake_hub.running({COMMUNITY: hub_models.community()})))
            for case in selected
        ]
        for measurement in measurements:
            testbed.create(measurement.case, measurement.hub)
        _wait_until_reported(testbed, measurements)
        for measurement in measurements:
            testbed.resolve(measurement.case, measurement.hub)
        _wait_until_resolved(testbed, measurements)
    return _rows(measurements)


def _wait_until_reported(testbed: Testbed, measurements: list[Measurement]) -> None:
    deadline_s = time.monotonic() + REPORT_TIMEOUT_S
    while any(each.reported_s is None for each in measurements) and time.monotonic() < deadline_s:
        services = testbed.services()
        for each in measurements:
            if each.reported_s is None and _reports(services[each.case.name], each.case.reason):
                finished_s = testbed.kubelet.finished_s.get(each.case.name)
                each.reported_s = time.monotonic() - finished_s[0] if finished_s else 0.0
        time.sleep(0.05)


def _reports(service: Manifest, reason: str) -> bool:
    """Return True if a condition of the model has the reason, and Ready has the same reason and message."""
    ready = condition(service, "Ready")
    if ready["reason"] != reason:
        return False
    conditions = [condition(service, kind) for kind in CONDITIONS]
    return any(
        each["reason"] == reason and each["status"] != "True" and each["message"] == ready["message"]
        for each in conditions
    )


def _wait_until_resolved(testbed: Testbed, measurements: list[Measurement]) -> None:
    started_s = time.monotonic()
    while any(each.resolved_s is None for each in measurements) and time.monotonic() < started_s + RESOLVE_GOAL_S:
        services = testbed.services()
        for each in measurements:
            if each.resolved_s is None and condition(services[each.case.name], "ModelCached")["status"] == "True":
                each.resolved_s = time.monotonic() - started_s
        time.sleep(0.2)


def _rows(measurements: list[Measurement]) -> list[Row]:
    reported = [each for each in measurements if each.reported_s is not None and each.reported_s <= REPORT_GOAL_S]
    resolved = [each for each in measurements if each.resolved_s is not None]
    setup = "real API server and operator; the Jobs' command is run by a minimal kubelet against the fake hub"
    slowest = max(resolved, key=lambda each: each.resolved_s or 0, default=None)
    all_reasons = f">= {len(measurements)}"
    return [
        Row("reasons_shown", len(reported), "reasons", all_reasons, f"{_names(reported)}; in status, {setup}"),
        Row(
            "reason_told_s_max",
            max((each.reported_s or 0 for each in reported), default=float("nan")),
            "s",
            f"<= {REPORT_GOAL_S:g}",
            "from the end of the failed run to the status",
        ),
        Row(
            "reasons_healed",
            len(resolved),
            "reasons",
            all_reasons,
            f"{_names(resolved)}; retried by the operator alone",
        ),
        Row(
            "reason_healed_s_max",
            slowest.resolved_s or 0 if slowest else float("nan"),
            "s",
            f"<= {RESOLVE_GOAL_S:g}",
            f"from the resolution to ModelCached; {slowest.case.reason if slowest else 'none'} was the slowest",
        ),
    ]


def _names(measurements: list[Measurement]) -> str:
    return ", ".join(each.case.reason for each in measurements) or "none"


@contextmanager
def _testbed() -> Iterator[Testbed]:
    programs = build_programs()
    with TemporaryDirectory(dir=IN_MEMORY, prefix="sd-supply-") as folder, ExitStack() as stack:
        manifests = [manifest for manifest in render_chart(programs) if manifest["kind"] in INSTALLED_KINDS]
        plane = stack.enter_context(control_plane(Path(folder), programs, manifests))
        api = ApiClient.of(plane)
        stack.callback(api.close)
        api.request("POST", "/api/v1/namespaces", {"metadata": {"name": NAMESPACE}})
        stack.enter_context(running_operator(plane))
        yield Testbed(api, stack.enter_context(job_kubelet(api, Path(folder))))
