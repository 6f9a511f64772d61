"""From nothing to a service: the Secret comes late, the terms are accepted later, the download takes its time."""

import time
from dataclasses import dataclass
from typing import Any

from sd_harness.cluster import cluster, hub_pod, model_services, secret_leak_scan
from sd_harness.cluster.model_services import Condition

NAME = "gated"
MARK = "CanaryOfTheSupplyTests"
"""Part of every token here: wherever it is seen, a token was."""
NEWCOMER, MEMBER, ROTATED = (f"hf_{MARK}{kind}" for kind in ("Newcomer", "Member", "Rotated"))


@dataclass(frozen=True)
class Story:
    """What was seen on the way."""

    missing: Condition
    missing_told_after_s: float
    """From the end of the Job to the condition."""
    missing_healed_after_s: float
    """From the Secret's appearance to the next reason."""
    terms: Condition
    terms_ready: Condition
    terms_events: list[dict[str, Any]]
    terms_described: str
    accepted_healed_after_s: float
    """From the acceptance of the terms to the download."""
    at_work: str
    """Environment and arguments of all processes of the Job while it downloads."""
    ready_after_s: float
    """From the moment at which nothing hinders any more."""


def lived_through(hub: hub_pod.HubPod) -> Story:
    """Makes the service and lifts one hindrance after the other."""
    namespace = hub.namespace
    hub.accounts(**{NEWCOMER: {"accepted": []}})
    cluster.apply(model_services.manifest(NAME, namespace, model_services.from_hub(hub)))
    missing = _access(namespace, "TokenMissing", timeout_s=150)
    told_after_s = model_services.at_s(missing["lastTransitionTime"]) - _job_ended_s(namespace)

    model_services.put_token(namespace, NEWCOMER)
    began_s = time.monotonic()
    terms = _access(namespace, "TermsNotAccepted", timeout_s=150)
    healed_s = time.monotonic() - began_s
    ready = model_services.condition(NAME, namespace, "Ready")
    events = cluster.wait_until(lambda: _events_of(namespace, "TermsNotAccepted"), timeout_s=10)
    described = cluster.kubectl("describe", "diar", NAME, "-n", namespace)

    hub.fails("waits")
    hub.accounts(**{NEWCOMER: {"accepted": [hub_pod.PIPELINE]}})
    began_s = time.monotonic()
    cluster.wait_until(lambda: any(asked["cdn"] for asked in hub.asked()), timeout_s=150)
    accepted_s = time.monotonic() - began_s
    [job_pod] = [pod for pod in model_services.job_pods(NAME, namespace) if pod["status"]["phase"] == "Running"]
    at_work = secret_leak_scan.processes(job_pod["metadata"]["name"], "model-store", namespace)

    hub.fails("")
    began_s = time.monotonic()
    model_services.until_ready(NAME, namespace)
    ready_s = time.monotonic() - began_s
    return Story(missing, told_after_s, healed_s, terms, ready, events, described, accepted_s, at_work, ready_s)


def _access(namespace: str, reason: str, *, timeout_s: float) -> Condition:
    return model_services.until_reason(NAME, namespace, "ModelAccess", reason, timeout_s=timeout_s)


def _job_ended_s(namespace: str) -> float:
    ended = [_finished(pod) for pod in model_services.job_pods(NAME, namespace)]
    return model_services.at_s(next(each for each in ended if each))


def _finished(pod: dict[str, Any]) -> str:
    states = [each["state"] for each in pod["status"].get("containerStatuses", ())]
    return next((state["terminated"]["finishedAt"] for state in states if "terminated" in state), "")


def _events_of(namespace: str, reason: str) -> list[dict[str, Any]]:
    return [event for event in model_services.events(NAME, namespace) if event["reason"] == reason]
