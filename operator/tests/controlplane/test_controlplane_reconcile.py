"""The real operator against the real API: children appear, stay right, and go."""

import json

from engine_pages import engines
from sd_harness.control_plane.operator_bench import Bench, condition
from sd_harness.control_plane.operator_process import RECONCILES, WRITES, running_operator
from sd_harness.control_plane.processes import eventually
from sd_harness.services.service_specs import DEMO, WITH_EVERY_CORE_KIND, with_demo
from sd_operator.reconcile.decide import identity
from sd_operator.reconcile.drift.field_conflicts import PATIENCE
from sd_operator.resources import HTTP_PORT, MANAGED_BY_LABEL, NAME_LABEL, Manifest

SELF = "DiarizationService/demo"


def look_again(bench: Bench, times: int) -> None:
    """Has the operator look at the service again, each time after it has."""
    for number in range(times):
        looks = bench.operator.count(RECONCILES)
        bench.kubectl("annotate", "diar", "demo", f"look={number}", "--overwrite")
        eventually(lambda looks=looks: bench.operator.count(RECONCILES) > looks, "another look")


def test_a_service_gets_its_children_and_a_status(bench: Bench) -> None:
    bench.apply(DEMO)
    children = bench.settled()
    service = bench.get("diar") or {}
    for child in children.values():
        [owner] = child["metadata"]["ownerReferences"]
        assert (owner["kind"], owner["uid"]) == ("DiarizationService", service["metadata"]["uid"])
    assert service["status"]["observedGeneration"] == 1
    assert service["status"]["endpoints"]["http"] == f"http://demo.{bench.namespace}.svc:8000"
    assert condition(service, "Ready")["message"].endswith("no nodes available to schedule pods")


def test_a_pod_of_the_restricted_profile_is_admitted(bench: Bench) -> None:
    bench.apply(DEMO)
    bench.settled()
    [pod] = bench.pods()
    assert [each["name"] for each in pod["spec"]["initContainers"] + pod["spec"]["containers"]] == ["engine", "triton"]


def test_a_changed_spec_is_rolled_out(bench: Bench) -> None:
    bench.apply(with_demo(compute={"nodeSelector": {"pool": "a"}}))
    before = bench.settled()["Deployment", "demo"]["metadata"]["generation"]
    bench.apply(with_demo(serving={"adapters": 4}))
    changed = bench.eventually("deployment", lambda seen: seen["metadata"]["generation"] > before)
    pod = changed["spec"]["template"]["spec"]
    assert "nodeSelector" not in pod  # what is no longer asked for goes
    bench.adapters_are(4)
    bench.eventually("diar", lambda seen: seen["status"]["observedGeneration"] == 2)


def test_every_character_that_the_api_server_takes_reaches_the_pods(bench: Bench) -> None:
    bench.apply(with_demo(podMetadata={"annotations": {"note": "Aufnahmegerät 🎙"}}))
    template = bench.settled()["Deployment", "demo"]["spec"]["template"]
    assert template["metadata"]["annotations"]["note"] == "Aufnahmegerät 🎙"


def test_scale_sets_the_replicas_and_finds_the_pods(bench: Bench) -> None:
    bench.apply(DEMO)
    bench.settled()
    bench.kubectl("scale", "diar/demo", "--replicas=2")
    bench.eventually("deployment", lambda seen: seen["spec"]["replicas"] == 2)
    scaled = bench.eventually("diar", lambda seen: seen["status"]["replicas"] == 2)
    found = bench.kubectl("get", "pods", f"--selector={scaled['status']['selector']}", "--output=name")
    assert len(found.split()) == 2


def test_a_service_can_be_paused(bench: Bench) -> None:
    bench.apply(DEMO)
    bench.settled()
    bench.kubectl("scale", "diar/demo", "--replicas=0")
    bench.eventually("diar", lambda seen: condition(seen, "Ready")["reason"] == "Paused")
    assert bench.pods() == []


def test_every_deleted_child_comes_back_and_the_siblings_stay(bench: Bench) -> None:
    bench.apply(WITH_EVERY_CORE_KIND)
    before = uids(bench.settled())
    for (kind, name), uid in before.items():
        bench.kubectl("delete", kind, name, "--wait=false")
        bench.eventually(kind, lambda seen, uid=uid: seen["metadata"]["uid"] != uid, name)
        after = uids(bench.children())
        assert {place for place in before if after[place] != before[place]} == {(kind, name)}
        before = after


def test_what_was_changed_by_hand_is_put_right_and_nothing_is_made_anew(bench: Bench) -> None:
    bench.apply(WITH_EVERY_CORE_KIND)
    before = uids(bench.settled())
    for kind, name in before:
        bench.kubectl("label", kind, name, "app.kubernetes.io/managed-by-")
        bench.eventually(kind, lambda seen: MANAGED_BY_LABEL in seen["metadata"]["labels"], name)
    port = '[{"op": "replace", "path": "/spec/ports/0/targetPort", "value": 1}]'
    bench.kubectl("patch", "service", "demo", "--type=json", f"--patch={port}")
    bench.kubectl("scale", "deployment/demo", "--replicas=5")
    bench.eventually("service", lambda seen: seen["spec"]["ports"][0]["targetPort"] == HTTP_PORT)
    bench.eventually("deployment", lambda seen: seen["spec"]["replicas"] == 1)
    assert uids(bench.children()) == before


ADDED = {
    "deployment": '{"spec": {"paused": true, "template": {"spec": {"containers": [{"name": "mine", "image": "x"}]}}}}',
    "networkpolicy": '{"spec": {"ingress": [{}]}}',
    "service": '{"spec": {"ports": [{"name": "mine", "port": 9}]}}',
}


def test_what_was_added_by_hand_is_taken_away(bench: Bench) -> None:
    bench.apply(DEMO)
    before = {kind: (bench.get(kind) or {})["spec"] for kind in ADDED if bench.settled()}
    for kind, patch in ADDED.items():
        bench.kubectl("patch", kind, "demo", "--type=strategic", f"--patch={patch}")
    for kind, spec in before.items():
        bench.eventually(kind, lambda seen, spec=spec: seen["spec"] == spec)
    bench.eventually("diar", lambda seen: condition(seen, "Ready")["reason"] == "Unschedulable")


def test_a_restart_by_hand_and_the_pull_secrets_of_a_cluster_stay(bench: Bench) -> None:
    bench.apply(DEMO)
    bench.settled()
    bench.kubectl("rollout", "restart", "deployment/demo")
    bench.kubectl("patch", "serviceaccount", "demo", '--patch={"imagePullSecrets": [{"name": "of-the-cluster"}]}')
    look_again(bench, 1)
    template = (bench.get("deployment") or {})["spec"]["template"]
    assert "kubectl.kubernetes.io/restartedAt" in template["metadata"]["annotations"]
    assert (bench.get("serviceaccount") or {})["imagePullSecrets"] == [{"name": "of-the-cluster"}]


def test_settings_stay_until_no_pod_reads_them(bench: Bench) -> None:
    bench.apply(DEMO)
    [(_, first)] = [place for place in bench.settled() if place[0] == "ConfigMap"]
    bench.apply(with_demo(serving={"adapters": 3}))
    bench.adapters_are(3)
    bench.eventually("diar", lambda seen: seen["status"]["observedGeneration"] == 2)
    assert bench.get("configmap", first)  # the pod of before is there still: without nodes no rollout is ever over
    bench.kubectl("scale", "diar/demo", "--replicas=0")
    eventually(lambda: not bench.get("configmap", first), "the settings of before go with their last pod")
    bench.adapters_are(3)


def uids(children: dict[tuple[str, str], Manifest]) -> dict[tuple[str, str], str]:
    """Which objects they are."""
    return {place: child["metadata"]["uid"] for place, child in children.items()}


def test_deleting_a_service_leaves_nothing(bench: Bench) -> None:
    bench.apply(DEMO)
    bench.settled()
    bench.kubectl("delete", "diar", "demo")
    eventually(lambda: not bench.children() and not bench.pods(), "nothing is left", 30)


def test_a_service_of_the_same_name_can_follow_at_once(bench: Bench) -> None:
    bench.apply(DEMO)
    before = bench.settled()["Deployment", "demo"]["metadata"]["uid"]
    bench.kubectl("delete", "diar", "demo", "--wait=false")
    bench.apply(DEMO)
    bench.eventually("deployment", lambda seen: seen["metadata"]["uid"] != before)
    bench.settled()


def test_somebody_elses_object_is_left_alone_and_named(bench: Bench) -> None:
    foreign = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "demo", "namespace": bench.namespace}}
    bench.plane.apply(foreign | {"spec": {"ports": [{"port": 80}]}})
    bench.apply(DEMO)
    seen = bench.eventually("diar", lambda seen: condition(seen, "Ready")["reason"] == "NameTaken")
    assert condition(seen, "Ready")["message"].startswith("Service demo exists and is not this service's")
    assert (bench.get("service") or {})["spec"]["ports"][0]["port"] == 80
    bench.kubectl("delete", "service", "demo")
    bench.settled(timeout_s=20)  # no watch tells of what is not the operator's: the next look sees it


def test_a_child_that_becomes_somebody_elses_stays_theirs(bench: Bench) -> None:
    bench.apply(DEMO)
    bench.settled()
    theirs = bench.get("service") or {}
    for field in ("labels", "annotations", "ownerReferences", "managedFields"):
        theirs["metadata"].pop(field, None)
    theirs["metadata"]["labels"] = {"whose": "theirs"}
    bench.plane.kubectl("replace", "-f", "-", stdin=json.dumps(theirs))
    bench.eventually("diar", lambda seen: condition(seen, "Ready")["reason"] == "NameTaken")
    look_again(bench, 6)
    assert condition(bench.get("diar") or {}, "Ready")["reason"] == "NameTaken"
    assert (bench.get("service") or {})["metadata"]["labels"] == {"whose": "theirs"}


def test_a_child_that_loses_its_label_three_times_gets_it_back_at_once(bench: Bench) -> None:
    bench.apply(DEMO)
    bench.settled()
    for _ in range(3):
        bench.kubectl("label", "service", "demo", f"{MANAGED_BY_LABEL}-")
        bench.eventually("service", lambda seen: MANAGED_BY_LABEL in seen["metadata"]["labels"])


def test_what_the_api_server_refuses_is_quoted(bench: Bench) -> None:
    taken = with_demo(network={"service": {"type": "NodePort", "nodePorts": {"http": 80}}})
    bench.apply(taken)
    seen = bench.eventually("diar", lambda seen: condition(seen, "Ready")["reason"] == "RequestRejected")
    assert "The API server refused Service demo" in condition(seen, "Ready")["message"]
    assert "provided port is not in the valid range" in condition(seen, "Ready")["message"]


def versions(bench: Bench) -> dict[str, str]:
    """The resourceVersion of everything that the operator writes."""
    objects = [*bench.children().values(), bench.get("diar") or {}]
    return {"/".join(identity(each)): each["metadata"]["resourceVersion"] for each in objects}


def test_ten_more_looks_write_nothing(bench: Bench) -> None:
    bench.apply(with_demo(compute={"resources": {"requests": {"memory": "2048Mi", "cpu": "1000m"}}}))
    bench.settled()
    writes = bench.quiet()
    quiet = versions(bench)
    look_again(bench, 10)
    assert bench.operator.count(WRITES) == writes
    assert {**versions(bench), SELF: ""} == {**quiet, SELF: ""}


def test_an_operator_that_starts_on_settled_services_writes_nothing(bench: Bench) -> None:
    bench.apply(DEMO)
    bench.settled()
    bench.quiet()
    quiet = versions(bench)
    with running_operator(bench.plane, SD_RESYNC_SECONDS="0.2") as second:
        eventually(lambda: second.count(RECONCILES) >= 10, "ten looks")
        assert second.count(WRITES) == 0
    assert versions(bench) == quiet


def test_an_operator_that_is_asked_to_stop_stops(bench: Bench) -> None:
    with running_operator(bench.plane) as second:
        bench.apply(DEMO)
        eventually(lambda: second.count(RECONCILES), "it works")
        second.process.terminate()
        assert second.process.wait(timeout=20) == 0


def test_what_somebody_else_keeps_changing_is_contested_and_not_fought_over(bench: Bench) -> None:
    bench.apply(DEMO)
    bench.settled()
    for number in range(4):
        version = (bench.get("service") or {})["metadata"]["resourceVersion"]
        bench.kubectl("label", "service", "demo", f"app.kubernetes.io/name=mine-{number}", "--overwrite")
        bench.eventually("service", lambda seen, version=version: seen["metadata"]["resourceVersion"] != version)
        if number < PATIENCE:
            bench.eventually(
                "service", lambda seen: seen["metadata"]["labels"]["app.kubernetes.io/name"] == "sd-triton"
            )
    seen = bench.eventually("diar", lambda seen: condition(seen, "Degraded")["reason"] == "FieldConflict")
    message = condition(seen, "Degraded")["message"]
    assert message.startswith("kubectl-label keeps changing metadata.labels.app.kubernetes.io/name of Service demo")
    assert ("Warning", "FieldConflict") in bench.events()
    writes = bench.operator.count(WRITES)
    for number in range(5):
        bench.kubectl("label", "service", "demo", f"app.kubernetes.io/name=again-{number}", "--overwrite")
    assert bench.operator.count(WRITES) == writes
    assert (bench.get("service") or {})["metadata"]["labels"][NAME_LABEL] == "again-4"


def test_what_somebody_else_keeps_removing_is_contested(bench: Bench) -> None:
    bench.apply(DEMO)
    bench.settled()
    for _ in range(PATIENCE):
        uid = (bench.get("service") or {})["metadata"]["uid"]
        bench.kubectl("delete", "service", "demo")
        bench.eventually("service", lambda seen, uid=uid: seen["metadata"]["uid"] != uid)
    bench.kubectl("delete", "service", "demo")
    seen = bench.eventually("diar", lambda seen: condition(seen, "Degraded")["reason"] == "FieldConflict")
    assert condition(seen, "Degraded")["message"].startswith("Somebody else keeps removing Service demo")
    assert bench.get("service") is None


def test_a_condition_of_somebody_else_stays_and_costs_no_writes(bench: Bench) -> None:
    bench.apply(DEMO)
    bench.settled()
    theirs = {"type": "Audited", "status": "True", "reason": "Seen", "message": "By the auditors."}
    theirs["lastTransitionTime"] = "2026-01-01T00:00:00Z"
    patch = f'[{{"op": "add", "path": "/status/conditions/-", "value": {json.dumps(theirs)}}}]'
    writes = bench.quiet()
    bench.kubectl("patch", "diar", "demo", "--subresource=status", "--type=json", f"--patch={patch}")
    look_again(bench, 3)
    assert bench.operator.count(WRITES) == writes
    assert condition(bench.get("diar") or {}, "Audited")["reason"] == "Seen"


def test_replicas_are_never_written_back_while_something_else_scales(bench: Bench) -> None:
    bench.apply({**DEMO, "autoscaling": {"mode": "external"}})
    bench.settled()
    for number in range(10):
        replicas = number % 3 + 1
        bench.kubectl("scale", "diar/demo", f"--replicas={replicas}")
        bench.apply(with_demo(autoscaling={"mode": "external"}, serving={"adapters": number + 1}))
        bench.adapters_are(number + 1)
        assert (bench.get("diar") or {})["spec"]["replicas"] == replicas
        bench.eventually("deployment", lambda seen, replicas=replicas: seen["spec"]["replicas"] == replicas)


def test_of_two_autoscalers_the_old_one_goes_first(bench: Bench) -> None:
    bench.apply(with_demo(autoscaling={"mode": "hpa"}))
    bench.settled()
    assert bench.get("horizontalpodautoscaler")
    bench.apply(with_demo(autoscaling={"mode": "external"}))
    eventually(lambda: not bench.get("horizontalpodautoscaler"), "the autoscaler has gone")


def test_on_the_way_down_the_idlest_pod_goes_first(bench: Bench) -> None:
    bench.apply(with_demo(replicas=2))
    bench.settled()
    eventually(lambda: len(bench.pods()) == 2, "two pods")
    busy, idle = (pod["metadata"]["name"] for pod in bench.pods())
    with engines({"127.0.0.11": "sd_backlog_seconds 90\n", "127.0.0.12": "sd_backlog_seconds 0\n"}):
        for name, address in ((busy, "127.0.0.11"), (idle, "127.0.0.12")):
            bench.plane.patch_status("pod", name, bench.namespace, {"podIP": address, "podIPs": [{"ip": address}]})
        look_again(bench, 1)
        bench.kubectl("scale", "diar/demo", "--replicas=1")
        eventually(lambda: [pod["metadata"]["name"] for pod in bench.pods()] == [busy], "the busy pod stays")
