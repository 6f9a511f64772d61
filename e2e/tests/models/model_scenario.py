"""A service without an access to its model at first: the Secret is created later, the terms are accepted later."""

import time
from dataclasses import dataclass
from typing import Any

from sd_harness.cluster import cluster, hub_pod, model_services, secret_leak_scan
from sd_harness.cluster.model_services import Condition

NAME = "gated"
TOKEN_MARKER = "LeakScanOfTheModelTests"  # noqa: S105 - part of test tokens
"""Part of every token here, so that one scan finds each of them."""
NEWCOMER, MEMBER, ROTATED = (f"hf_{TOKEN_MARKER}{kind}" for kind in ("Newcomer", "Member", "Rotated"))


@dataclass(frozen=True)
class ScenarioResult:
    """Conditions, Events and times observed during the scenario."""

    token_missing: Condition
    token_missing_reported_after_s: float
    """From the end of the Job to the condition."""
    token_missing_resolved_after_s: float
    """From the creation of the Secret to the next reason."""
    terms: Condition
    ready_without_terms: Condition
    terms_events: list[dict[str, Any]]
    terms_description: str
    """Output of `kubectl describe`."""
    terms_resolved_after_s: float
    """From the acceptance of the terms to the download."""
    job_processes: str
    """Environment and arguments of all processes of the Job during the download."""
    ready_after_s: float
    """From the end of the last obstacle to Ready."""


def run(hub: hub_pod.HubPod) -> ScenarioResult:
    """Create the service and remove one obstacle after the other."""
    namespace = hub.namespace
    hub.set_accounts(**{NEWCOMER: {"accepted": []}})
    cluster.apply(model_services.manifest(NAME, namespace, model_services.hub_source(hub)))
    token_missing = _wait_for_model_access(namespace, "TokenMissing", timeout_s=150)
    reported_s = model_services.timestamp_s(token_missing["lastTransitionTime"]) - _job_finished_s(namespace)

    model_services.apply_token_secret(namespace, NEWCOMER)
    started_s = time.monotonic()
    terms = _wait_for_model_access(namespace, "TermsNotAccepted", timeout_s=150)
    resolved_s = time.monotonic() - started_s
    ready = model_services.condition(NAME, namespace, "Ready")
    events = cluster.wait_until(lambda: _events_with_reason(namespace, "TermsNotAccepted"), timeout_s=10)
    description = cluster.kubectl("describe", "diar", NAME, "-n", namespace)

    hub.set_fault("delayed")
    hub.set_accounts(**{NEWCOMER: {"accepted": [hub_pod.PIPELINE]}})
    started_s = time.monotonic()
    cluster.wait_until(lambda: any(request["cdn"] for request in hub.requests()), timeout_s=150)
    accepted_s = time.monotonic() - started_s
    [job_pod] = [pod for pod in model_services.job_pods(NAME, namespace) if pod["status"]["phase"] == "Running"]
    processes = secret_leak_scan.processes(job_pod["metadata"]["name"], "model-store", namespace)

    hub.set_fault("")
    started_s = time.monotonic()
    model_services.wait_until_ready(NAME, namespace)
    ready_s = time.monotonic() - started_s
    return ScenarioResult(
        token_missing, reported_s, resolved_s, terms, ready, events, description, accepted_s, processes, ready_s
    )


def _wait_for_model_access(namespace: str, reason: str, *, timeout_s: float) -> Condition:
    return model_services.wait_for_reason(NAME, namespace, "ModelAccess", reason, timeout_s=timeout_s)


def _job_finished_s(namespace: str) -> float:
    finished = [_finished_at(pod) for pod in model_services.job_pods(NAME, namespace)]
    return model_services.timestamp_s(next(timestamp for timestamp in finished if timestamp))


def _finished_at(pod: dict[str, Any]) -> str:
    states = [container["state"] for container in pod["status"].get("containerStatuses", ())]
    return next((state["terminated"]["finishedAt"] for state in states if "terminated" in state), "")


def _events_with_reason(namespace: str, reason: str) -> list[dict[str, Any]]:
    return [event for event in model_services.events(NAME, namespace) if event["reason"] == reason]
