"""Each reason on a control plane: told in the status that the API server holds, and gone by itself with its cause."""

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
from benchmarks.supply.reason_cases import Case, cases

NAMESPACE = "reasons"
TOLD_WITHIN_S, HEALED_WITHIN_S = 10.0, 120.0
PATIENCE_S = 60.0
CONDITIONS = ("ModelAccess", "ModelCached")


@dataclass(slots=True)
class Seen:
    """A case and when its reason was told and gone."""

    case: Case
    hub: FakeHub
    told_s: float | None = None
    """Seconds after the run had ended that found the cause; 0 for one that is told while it lasts."""
    healed_s: float | None = None
    """Seconds after the cause had gone."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the services are."""

    api: ApiClient
    kubelet: JobKubelet

    def make(self, seen: Seen) -> None:
        """A service whose model cannot be had for the case's reason."""
        seen.case.spoil(seen.hub)
        if seen.case.has_secret:
            self.put_secret(seen.case)
        source = {
            "pipeline": COMMUNITY,
            "revision": COMMUNITY_COMMIT,
            "endpoint": seen.hub.url,
            "tokenSecretRef": {"name": seen.case.name, "key": "token"},
        }
        spec = {
            "model": {"source": {"huggingFace": source | dict(seen.case.source)}},
            "compute": {"accelerator": "cpu"},
        }
        self.api.create(diarization_service(spec, {"name": seen.case.name, "namespace": NAMESPACE}))

    def put_secret(self, case: Case) -> None:
        """The Secret with a token that is good where the hub says so."""
        content = {"token": base64.b64encode(GOOD_TOKEN.encode()).decode()}
        secret = {"metadata": {"name": case.name}, "data": content}
        self.api.request("POST", f"/api/v1/namespaces/{NAMESPACE}/secrets", secret)

    def heal(self, seen: Seen) -> None:
        """Makes the cause go."""
        seen.case.heal(seen.hub)
        if not seen.case.has_secret:
            self.put_secret(seen.case)
        if seen.case.healed_source:
            patch = {"spec": {"model": {"source": {"huggingFace": dict(seen.case.healed_source)}}}}
            self.api.patch(DIARIZATION_SERVICES, NAMESPACE, seen.case.name, patch)

    def services(self) -> dict[str, Manifest]:
        """By name."""
        return {each["metadata"]["name"]: each for each in self.api.list(DIARIZATION_SERVICES, NAMESPACE)}


def measure(little: bool) -> list[Row]:  # noqa: FBT001 - as all parts are called
    """A service for each reason, all at once, each with a hub of its own; then every cause goes."""
    chosen = cases()[:3] if little else cases()
    with _place() as place, ExitStack() as running:
        every = [
            Seen(case, running.enter_context(fake_hub.running({COMMUNITY: hub_models.community()}))) for case in chosen
        ]
        for seen in every:
            place.make(seen)
        _wait_until_told(place, every)
        for seen in every:
            place.heal(seen)
        _wait_until_healed(place, every)
    return _rows(every)


def _wait_until_told(place: Place, every: list[Seen]) -> None:
    until_s = time.monotonic() + PATIENCE_S
    while any(seen.told_s is None for seen in every) and time.monotonic() < until_s:
        services = place.services()
        for seen in every:
            if seen.told_s is None and _tells(services[seen.case.name], seen.case.reason):
                ended = place.kubelet.ended_s.get(seen.case.name)
                seen.told_s = time.monotonic() - ended[0] if ended else 0.0
        time.sleep(0.05)


def _tells(service: Manifest, reason: str) -> bool:
    """Whether one of the model's conditions has the reason, and Ready says the same in the same words."""
    ready = condition(service, "Ready")
    told = [condition(service, each) for each in CONDITIONS]
    return (
        any(
            each["reason"] == reason and each["status"] != "True" and each["message"] == ready["message"]
            for each in told
        )
        and ready["reason"] == reason
    )


def _wait_until_healed(place: Place, every: list[Seen]) -> None:
    began_s = time.monotonic()
    while any(seen.healed_s is None for seen in every) and time.monotonic() < began_s + HEALED_WITHIN_S:
        services = place.services()
        for seen in every:
            if seen.healed_s is None and condition(services[seen.case.name], "ModelCached")["status"] == "True":
                seen.healed_s = time.monotonic() - began_s
        time.sleep(0.2)


def _rows(every: list[Seen]) -> list[Row]:
    told = [seen for seen in every if seen.told_s is not None and seen.told_s <= TOLD_WITHIN_S]
    healed = [seen for seen in every if seen.healed_s is not None]
    how = "real API server and operator; the Jobs' command run by a stand-in for the kubelet, against the fake hub"
    slowest = max(healed, key=lambda seen: seen.healed_s or 0, default=None)
    return [
        Row("reasons_shown", len(told), "reasons", f">= {len(every)}", f"{_names(told)}; in status, {how}"),
        Row(
            "reason_told_s_max",
            max((seen.told_s or 0 for seen in told), default=float("nan")),
            "s",
            f"<= {TOLD_WITHIN_S:g}",
            "from the end of the run that found it to the status",
        ),
        Row("reasons_healed", len(healed), "reasons", f">= {len(every)}", f"{_names(healed)}; the cause gone, no help"),
        Row(
            "reason_healed_s_max",
            slowest.healed_s or 0 if slowest else float("nan"),
            "s",
            f"<= {HEALED_WITHIN_S:g}",
            f"from the end of the cause to ModelCached; {slowest.case.reason if slowest else 'none'} was the slowest",
        ),
    ]


def _names(every: list[Seen]) -> str:
    return ", ".join(seen.case.reason for seen in every) or "none"


@contextmanager
def _place() -> Iterator[Place]:
    tools = build_programs()
    with TemporaryDirectory(dir=IN_MEMORY, prefix="sd-supply-") as folder, ExitStack() as running:
        parts = [each for each in render_chart(tools) if each["kind"] in INSTALLED_KINDS]
        plane = running.enter_context(control_plane(Path(folder), tools, parts))
        api = ApiClient.of(plane)
        running.callback(api.close)
        api.request("POST", "/api/v1/namespaces", {"metadata": {"name": NAMESPACE}})
        running.enter_context(running_operator(plane))
        yield Place(api, running.enter_context(job_kubelet(api, Path(folder))))
