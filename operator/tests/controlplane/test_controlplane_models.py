"""From a source to a model that is served, on a real API server; the tests end the Jobs where a kubelet would."""

import json
import time

import pytest
from sd_harness.control_plane.control_plane import Manifest
from sd_harness.control_plane.model_job_pods import PIPELINE, brought, end, job_of, jobs, refused, running, words
from sd_harness.control_plane.operator_bench import Bench, condition
from sd_harness.control_plane.processes import eventually
from sd_harness.services.live_objects import COMMIT, MODEL_DIGEST
from sd_harness.services.service_specs import DEMO, with_hugging_face
from sd_operator.children.config_map import referenced_config_map
from test_controlplane_status import container, true

ACCESS = (
    "TokenMissing", "TokenInvalid", "TokenLacksGatedRead", "TermsNotAccepted", "RepositoryNotFound",
    "RevisionNotFound", "HubUnreachable",
)  # fmt: skip
OTHERS = ("InsufficientSpace", "CacheUnusable", "Corrupt", "UnsupportedPipeline")
GATED = with_hugging_face(tokenSecretRef={"name": "hub"})
PAGE = f"https://huggingface.co/{PIPELINE}"
SHARED = {"cache": {"claimName": "models"}}
SHOWN_S = 10.0


def ready(bench: Bench, reason: str, name: str = "demo") -> Manifest:
    """The service once Ready has that reason."""
    return bench.eventually("diar", lambda seen: condition(seen, "Ready")["reason"] == reason, name)


def supplied(bench: Bench, name: str = "demo") -> Manifest:
    """The service once its model is there and its children are: before, its Job's pod is without a node, too."""
    bench.eventually("diar", lambda seen: condition(seen, "ModelCached")["status"] == "True", name)
    bench.eventually("deployment", lambda seen: seen["spec"], name)
    bench.settled(name)
    return ready(bench, "Unschedulable", name)


def on_its_way(service: Manifest) -> bool:
    """Whether a Job is to bring the model; there is no node for its pod, as the scheduler says sooner or later."""
    return condition(service, "ModelCached")["reason"] in ("Downloading", "Unschedulable")


def test_the_jobs_result_is_pinned_and_the_pods_follow(bench: Bench) -> None:
    bench.apply(GATED)
    seen = bench.eventually("diar", on_its_way)
    assert condition(seen, "ModelAccess")["status"] == "Unknown"
    assert condition(seen, "ModelCached")["status"] == "False"
    assert "model" not in seen["status"]
    pod = running(bench)
    assert bench.get("deployment") is None
    [claim] = bench.plane.list("persistentvolumeclaims", bench.namespace)
    assert claim["metadata"]["name"] == "demo-models"
    end(bench, pod, brought())
    seen = supplied(bench)
    assert seen["status"]["model"] == {
        "source": f"{PIPELINE}@{COMMIT[:12]}", "mode": "exact", "pipeline": PIPELINE, "revision": COMMIT,
        "digest": MODEL_DIGEST, "claimName": "demo-models", "path": f"{PIPELINE.replace('/', '--')}/{COMMIT}",
    }  # fmt: skip
    assert [condition(seen, kind)["reason"] for kind in ("ModelAccess", "ModelCached")] == ["Granted", "Cached"]
    assert bench.settings()["SD_MODEL_DIGEST"] == MODEL_DIGEST
    assert ("Normal", "Cached") in bench.events()


@pytest.mark.parametrize("reason", [*ACCESS, *OTHERS])
def test_every_reason_is_shown_in_conditions_and_in_an_event(bench: Bench, reason: str) -> None:
    bench.apply(GATED)
    pod = running(bench)
    began = time.monotonic()
    end(bench, pod, refused(reason, PAGE), ahead_s=30)
    seen = ready(bench, reason)
    assert time.monotonic() - began < SHOWN_S
    message = condition(seen, "Ready")["message"]
    missing = "Secret hub is not there, or holds no token under key token. " if reason == "TokenMissing" else ""
    assert message.startswith(f"{missing}This is the sentence of {reason}.")
    assert PAGE in message
    cached, access = condition(seen, "ModelCached"), condition(seen, "ModelAccess")
    assert (cached["status"], cached["reason"], cached["message"]) == ("False", reason, message)
    if reason in ACCESS:
        assert (access["status"], access["reason"]) == ("False", reason)
    else:
        assert access["status"] in ("True", "Unknown")
    eventually(lambda: ("Warning", reason) in bench.events(), "the Event")
    assert PAGE in bench.kubectl("describe", "diar", "demo")
    assert bench.get("deployment") is None


def test_a_hub_that_answers_again_heals_the_service_without_help(bench: Bench) -> None:
    bench.apply(GATED)
    end(bench, pod := running(bench), refused("HubUnreachable"), ahead_s=5)
    ready(bench, "HubUnreachable")
    again = running(bench, beside=job_of(pod))
    end(bench, again, brought())
    supplied(bench)
    assert [each["metadata"]["annotations"]["sd-triton.dev/attempt"] for each in jobs(bench)] == ["1", "2"]


def test_services_on_one_claim_take_turns(bench: Bench) -> None:
    names = ("one", "two", "three")
    for name in names:
        bench.apply(GATED | SHARED, name)

    def at_work() -> list[str]:
        return [name for name in names if jobs(bench, name)]

    eventually(at_work, "the first Job")
    for number in range(3):
        assert len(at_work()) == number + 1
        for name in set(names).difference(at_work()):
            assert (
                "which works on the claim models"
                in condition(ready(bench, "WaitingForClaim", name), "Ready")["message"]
            )
        [name] = [name for name in at_work() if "model" not in (bench.get("diar", name) or {})["status"]]
        end(bench, running(bench, name), brought())
        bench.eventually("diar", lambda seen: "model" in seen["status"], name)
        if number < 2:
            eventually(lambda number=number: len(at_work()) == number + 2, "the next Job", 20)


def test_a_new_revision_is_served_when_it_is_there_and_the_old_one_is_removed_after_the_rollout(bench: Bench) -> None:
    bench.apply(GATED | SHARED)
    end(bench, running(bench), brought())
    supplied(bench)
    latest = "1" * 40
    bench.apply(with_hugging_face(revision=latest) | SHARED)
    pod = running(bench)
    seen = bench.eventually("diar", lambda seen: on_its_way(seen) and seen["status"]["observedGeneration"] == 2)
    assert seen["status"]["model"]["revision"] == COMMIT
    assert bench.get("deployment") is not None
    end(bench, pod, brought(latest))
    eventually(lambda: bench.settings().get("SD_MODEL_DIR", "").endswith(latest), "the new revision is rolled out")
    seen = bench.eventually("diar", lambda seen: seen["status"].get("outdatedModels"))
    assert seen["status"]["outdatedModels"] == [{"claimName": "models", "pipeline": PIPELINE}]
    serve(bench)
    removal = running(bench)
    assert words(removal) == ["models", "remove", "--cache", "/model", "--pipeline", PIPELINE, "--keep", latest]
    end(bench, removal, {"removed": [COMMIT]})
    bench.eventually("diar", lambda seen: "outdatedModels" not in seen["status"])
    eventually(lambda: jobs_that_remove(bench) == [], "no Job is left that removes")


def jobs_that_remove(bench: Bench) -> list[str]:
    """The names of such Jobs."""
    return [each["metadata"]["name"] for each in jobs(bench) if "remove" in json.dumps(each["spec"])]


def serve(bench: Bench) -> None:
    """Lets every pod of the latest spec serve, and those of an earlier one go."""
    deployment = bench.get("deployment") or {}
    latest = referenced_config_map(deployment["spec"]["template"])
    eventually(
        lambda: [pod for pod in bench.pods() if referenced_config_map(pod) == latest], "a pod of the latest spec"
    )
    for pod in bench.pods():
        if referenced_config_map(pod) == latest:
            bench.plane.patch_status("pod", pod["metadata"]["name"], bench.namespace, {"conditions": [true("Ready")]})
    bench.eventually("diar", lambda seen: condition(seen, "Ready")["status"] == "True")


def test_a_damaged_model_is_brought_anew_with_its_digest(bench: Bench) -> None:
    bench.apply(GATED)
    end(bench, first := running(bench), brought())
    supplied(bench)
    ended = {
        "exitCode": 4, "reason": "Error", "message": "segmentation/pytorch_model.bin has been changed.",
        "finishedAt": "2100-01-01T00:00:00Z",
    }  # fmt: skip
    waits = {"waiting": {"reason": "CrashLoopBackOff"}}
    [server] = [pod for pod in bench.pods() if not job_of(pod)]
    status = {"initContainerStatuses": [container("engine", state=waits, lastState={"terminated": ended})]}
    bench.plane.patch_status("pod", server["metadata"]["name"], bench.namespace, status)
    seen = ready(bench, "Corrupt")
    assert "segmentation/pytorch_model.bin has been changed." in condition(seen, "ModelCached")["message"]
    repair = running(bench, beside=job_of(first))
    told = words(repair)
    assert told[told.index("--digest") + 1] == MODEL_DIGEST
    end(bench, repair, brought())
    ended["finishedAt"] = "2026-01-01T00:00:00Z"
    status = {"initContainerStatuses": [container("engine", state=waits, lastState={"terminated": ended})]}
    bench.plane.patch_status("pod", server["metadata"]["name"], bench.namespace, status)
    seen = bench.eventually(
        "diar", lambda seen: condition(seen, "Ready")["message"].endswith("the pod loads it at its next start.")
    )
    assert condition(seen, "Ready")["reason"] == "Corrupt"


def test_a_claim_that_is_to_stay_outlives_its_service_and_is_found_again(bench: Bench) -> None:
    spec = GATED | {"cache": {"retain": True}}
    bench.apply(spec)
    running(bench)
    before = bench.get("pvc", "demo-models") or {}
    assert "ownerReferences" not in before["metadata"]
    bench.kubectl("delete", "diar", "demo")
    eventually(lambda: bench.children() == {}, "no children", 30)
    bench.apply(spec)
    running(bench)
    after = bench.get("pvc", "demo-models") or {}
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    bench.apply(GATED)
    bench.eventually("pvc", lambda seen: seen["metadata"].get("ownerReferences"), "demo-models")


def test_pods_serve_on_when_the_status_is_lost(bench: Bench) -> None:
    bench.apply(GATED)
    end(bench, running(bench), brought())
    supplied(bench)
    before = bench.get("deployment") or {}
    for job in jobs(bench):
        bench.kubectl("delete", "job", job["metadata"]["name"])
    bench.plane.kubectl(
        "patch", "diar", "demo", f"--namespace={bench.namespace}", "--subresource=status", "--type=json",
        '--patch=[{"op": "remove", "path": "/status/model"}]',
    )  # fmt: skip
    end(bench, running(bench), brought())
    bench.eventually("diar", lambda seen: seen["status"].get("model", {}).get("digest") == MODEL_DIGEST)
    after = bench.get("deployment") or {}
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    assert after["spec"] == before["spec"]


def test_the_demo_model_takes_the_place_of_a_download(bench: Bench) -> None:
    bench.apply(GATED)
    running(bench)
    bench.apply(DEMO)
    bench.eventually("deployment", lambda seen: seen["spec"])
    eventually(lambda: jobs(bench) == [], "no Job", 30)
    eventually(lambda: bench.plane.list("persistentvolumeclaims", bench.namespace) == [], "no claim", 30)
    bench.settled()


def test_a_quota_that_forbids_the_jobs_pod_is_told_and_its_end_heals(bench: Bench) -> None:
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "none", "namespace": bench.namespace}}
    bench.plane.apply(quota | {"spec": {"hard": {"pods": "0"}}})
    eventually(lambda: (bench.get("quota", "none") or {}).get("status", {}).get("hard"), "the quota holds")
    bench.apply(GATED)
    seen = bench.eventually("diar", lambda seen: condition(seen, "Ready")["reason"] == "QuotaExceeded")
    assert "exceeded quota" in condition(seen, "Ready")["message"]
    bench.kubectl("delete", "quota", "none")
    running(bench)
