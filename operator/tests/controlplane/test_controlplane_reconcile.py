"""The operator against a real API server: children are created, restored and deleted."""

import json

from engine_pages import engines
from sd_harness.control_plane.operator_process import RECONCILES, WRITES, running_operator
from sd_harness.control_plane.operator_testbed import OperatorTestbed, condition
from sd_harness.control_plane.processes import eventually
from sd_harness.services.service_specs import DEMO, WITH_EVERY_CORE_KIND, with_demo
from sd_operator.reconcile.drift.field_conflicts import IMMEDIATE_REPAIRS
from sd_operator.reconcile.objects import identity
from sd_operator.resources import HTTP_PORT, MANAGED_BY_LABEL, NAME_LABEL, Manifest

SELF = "DiarizationService/demo"


def test_a_service_gets_its_children_and_a_status(testbed: OperatorTestbed) -> None:
    testbed.apply(DEMO)
    children = testbed.wait_until_settled()
    service = testbed.get("diar") or {}
    for child in children.values():
        [owner] = child["metadata"]["ownerReferences"]
        assert (owner["kind"], owner["uid"]) == ("DiarizationService", service["metadata"]["uid"])
    assert service["status"]["observedGeneration"] == 1
    assert service["status"]["endpoints"]["http"] == f"http://demo.{testbed.namespace}.svc:8000"
    assert condition(service, "Ready")["message"].endswith("no nodes available to schedule pods")


def test_a_pod_of_the_restricted_profile_is_admitted(testbed: OperatorTestbed) -> None:
    testbed.apply(DEMO)
    testbed.wait_until_settled()
    [pod] = testbed.pods()
    assert [each["name"] for each in pod["spec"]["initContainers"] + pod["spec"]["containers"]] == ["engine", "triton"]


def test_a_changed_spec_is_rolled_out(testbed: OperatorTestbed) -> None:
    testbed.apply(with_demo(compute={"nodeSelector": {"pool": "a"}}))
    before = testbed.wait_until_settled()["Deployment", "demo"]["metadata"]["generation"]
    testbed.apply(with_demo(serving={"adapters": 4}))
    changed = testbed.eventually("deployment", lambda seen: seen["metadata"]["generation"] > before)
    pod = changed["spec"]["template"]["spec"]
    assert "nodeSelector" not in pod  # a field that is no longer desired is removed
    testbed.wait_for_adapters(4)
    testbed.eventually("diar", lambda seen: seen["status"]["observedGeneration"] == 2)


def test_every_unicode_character_reaches_the_pods(testbed: OperatorTestbed) -> None:
    testbed.apply(with_demo(podMetadata={"annotations": {"note": "Aufnahmegerät 🎙"}}))
    template = testbed.wait_until_settled()["Deployment", "demo"]["spec"]["template"]
    assert template["metadata"]["annotations"]["note"] == "Aufnahmegerät 🎙"


def test_scale_sets_the_replicas_and_finds_the_pods(testbed: OperatorTestbed) -> None:
    testbed.apply(DEMO)
    testbed.wait_until_settled()
    testbed.kubectl("scale", "diar/demo", "--replicas=2")
    testbed.eventually("deployment", lambda seen: seen["spec"]["replicas"] == 2)
    scaled = testbed.eventually("diar", lambda seen: seen["status"]["replicas"] == 2)
    found = testbed.kubectl("get", "pods", f"--selector={scaled['status']['selector']}", "--output=name")
    assert len(found.split()) == 2


def test_a_service_can_be_paused(testbed: OperatorTestbed) -> None:
    testbed.apply(DEMO)
    testbed.wait_until_settled()
    testbed.kubectl("scale", "diar/demo", "--replicas=0")
    testbed.eventually("diar", lambda seen: condition(seen, "Ready")["reason"] == "Paused")
    assert testbed.pods() == []


def test_a_deleted_child_is_created_again_and_the_others_remain(testbed: OperatorTestbed) -> None:
    testbed.apply(WITH_EVERY_CORE_KIND)
    before = uids(testbed.wait_until_settled())
    for (kind, name), uid in before.items():
        testbed.kubectl("delete", kind, name, "--wait=false")
        testbed.eventually(kind, lambda seen, uid=uid: seen["metadata"]["uid"] != uid, name)
        after = uids(testbed.children())
        assert {place for place in before if after[place] != before[place]} == {(kind, name)}
        before = after


def test_a_field_that_was_changed_by_hand_is_restored_and_no_child_is_created_again(testbed: OperatorTestbed) -> None:
    testbed.apply(WITH_EVERY_CORE_KIND)
    before = uids(testbed.wait_until_settled())
    for kind, name in before:
        testbed.kubectl("label", kind, name, "app.kubernetes.io/managed-by-")
        testbed.eventually(kind, lambda seen: MANAGED_BY_LABEL in seen["metadata"]["labels"], name)
    port = '[{"op": "replace", "path": "/spec/ports/0/targetPort", "value": 1}]'
    testbed.kubectl("patch", "service", "demo", "--type=json", f"--patch={port}")
    testbed.kubectl("scale", "deployment/demo", "--replicas=5")
    testbed.eventually("service", lambda seen: seen["spec"]["ports"][0]["targetPort"] == HTTP_PORT)
    testbed.eventually("deployment", lambda seen: seen["spec"]["replicas"] == 1)
    assert uids(testbed.children()) == before


SIDECAR = {
    "name": "sidecar",
    "image": "sidecar:1",
    "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
}


def test_fields_that_other_managers_add_stay(testbed: OperatorTestbed) -> None:
    testbed.apply(DEMO)
    testbed.wait_until_settled()
    port = {"spec": {"ports": [{"name": "other", "port": 9}]}, "metadata": {"annotations": {"example.com/by": "other"}}}
    testbed.kubectl("patch", "service", "demo", "--type=strategic", f"--patch={json.dumps(port)}")
    container = {"spec": {"template": {"spec": {"containers": [SIDECAR]}}}}
    testbed.kubectl("patch", "deployment", "demo", "--type=strategic", f"--patch={json.dumps(container)}")
    testbed.apply(with_demo(serving={"adapters": 3}))  # a new manifest of the Deployment keeps them as well
    testbed.wait_for_adapters(3)
    testbed.eventually("diar", lambda seen: seen["status"]["observedGeneration"] == 2)
    testbed.reconcile_again(2)
    service = testbed.get("service") or {}
    assert "other" in [each["name"] for each in service["spec"]["ports"]]
    assert service["metadata"]["annotations"]["example.com/by"] == "other"
    containers = (testbed.get("deployment") or {})["spec"]["template"]["spec"]["containers"]
    assert {each["name"] for each in containers} == {"triton", "sidecar"}
    assert condition(testbed.get("diar") or {}, "Degraded")["reason"] != "FieldConflict"


def test_a_paused_deployment_is_reported_and_left_paused(testbed: OperatorTestbed) -> None:
    testbed.apply(DEMO)
    testbed.wait_until_settled()
    testbed.kubectl("rollout", "pause", "deployment/demo")
    seen = testbed.eventually("diar", lambda seen: condition(seen, "Degraded")["reason"] == "DeploymentPaused")
    message = condition(seen, "Degraded")["message"]
    assert message.startswith("kubectl-rollout has set spec.paused of Deployment demo")
    assert ("Warning", "DeploymentPaused") in testbed.events()
    testbed.apply(with_demo(serving={"adapters": 3}))
    testbed.eventually("diar", lambda seen: seen["status"]["observedGeneration"] == 2)
    progressing = condition(testbed.get("diar") or {}, "Progressing")
    assert (progressing["status"], progressing["reason"]) == ("False", "DeploymentPaused")
    assert (testbed.get("deployment") or {})["spec"]["paused"] is True
    testbed.kubectl("rollout", "resume", "deployment/demo")
    testbed.eventually("diar", lambda seen: condition(seen, "Degraded")["reason"] != "DeploymentPaused")


def test_a_rollout_restart_and_pull_secrets_of_the_cluster_remain(testbed: OperatorTestbed) -> None:
    testbed.apply(DEMO)
    testbed.wait_until_settled()
    testbed.kubectl("rollout", "restart", "deployment/demo")
    testbed.kubectl("patch", "serviceaccount", "demo", '--patch={"imagePullSecrets": [{"name": "of-the-cluster"}]}')
    testbed.reconcile_again(1)
    template = (testbed.get("deployment") or {})["spec"]["template"]
    assert "kubectl.kubernetes.io/restartedAt" in template["metadata"]["annotations"]
    assert (testbed.get("serviceaccount") or {})["imagePullSecrets"] == [{"name": "of-the-cluster"}]


def test_settings_remain_until_no_pod_reads_them(testbed: OperatorTestbed) -> None:
    testbed.apply(DEMO)
    [(_, first)] = [place for place in testbed.wait_until_settled() if place[0] == "ConfigMap"]
    testbed.apply(with_demo(serving={"adapters": 3}))
    testbed.wait_for_adapters(3)
    testbed.eventually("diar", lambda seen: seen["status"]["observedGeneration"] == 2)
    assert testbed.get("configmap", first)  # the pod of before is there still: without nodes no rollout is ever over
    testbed.kubectl("scale", "diar/demo", "--replicas=0")
    eventually(lambda: not testbed.get("configmap", first), "the settings of before go with their last pod")
    testbed.wait_for_adapters(3)


def uids(children: dict[tuple[str, str], Manifest]) -> dict[tuple[str, str], str]:
    """Return the UIDs of the children."""
    return {place: child["metadata"]["uid"] for place, child in children.items()}


def test_deleting_a_service_deletes_all_of_its_objects(testbed: OperatorTestbed) -> None:
    testbed.apply(DEMO)
    testbed.wait_until_settled()
    testbed.kubectl("delete", "diar", "demo")
    eventually(lambda: not testbed.children() and not testbed.pods(), "nothing is left", 30)


def test_a_service_can_be_created_again_immediately_after_its_deletion(testbed: OperatorTestbed) -> None:
    testbed.apply(DEMO)
    before = testbed.wait_until_settled()["Deployment", "demo"]["metadata"]["uid"]
    testbed.kubectl("delete", "diar", "demo", "--wait=false")
    testbed.apply(DEMO)
    testbed.eventually("deployment", lambda seen: seen["metadata"]["uid"] != before)
    testbed.wait_until_settled()


def test_a_foreign_object_is_left_alone_and_named(testbed: OperatorTestbed) -> None:
    foreign = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "demo", "namespace": testbed.namespace}}
    testbed.plane.apply(foreign | {"spec": {"ports": [{"port": 80}]}})
    testbed.apply(DEMO)
    seen = testbed.eventually("diar", lambda seen: condition(seen, "Ready")["reason"] == "NameTaken")
    assert condition(seen, "Ready")["message"].startswith(
        "Service demo exists and does not belong to this DiarizationService"
    )
    assert (testbed.get("service") or {})["spec"]["ports"][0]["port"] == 80
    testbed.kubectl("delete", "service", "demo")
    testbed.wait_until_settled(timeout_s=20)  # foreign objects are not watched: a retry notices the deletion


def test_a_child_that_another_client_takes_over_is_left_alone(testbed: OperatorTestbed) -> None:
    testbed.apply(DEMO)
    testbed.wait_until_settled()
    theirs = testbed.get("service") or {}
    for field in ("labels", "annotations", "ownerReferences", "managedFields"):
        theirs["metadata"].pop(field, None)
    theirs["metadata"]["labels"] = {"whose": "theirs"}
    testbed.plane.kubectl("replace", "-f", "-", stdin=json.dumps(theirs))
    testbed.eventually("diar", lambda seen: condition(seen, "Ready")["reason"] == "NameTaken")
    testbed.reconcile_again(6)
    assert condition(testbed.get("diar") or {}, "Ready")["reason"] == "NameTaken"
    assert (testbed.get("service") or {})["metadata"]["labels"] == {"whose": "theirs"}


def test_a_child_that_loses_its_label_three_times_gets_it_back_immediately(testbed: OperatorTestbed) -> None:
    testbed.apply(DEMO)
    testbed.wait_until_settled()
    for _ in range(3):
        testbed.kubectl("label", "service", "demo", f"{MANAGED_BY_LABEL}-")
        testbed.eventually("service", lambda seen: MANAGED_BY_LABEL in seen["metadata"]["labels"])


def test_a_rejection_by_the_api_server_is_quoted(testbed: OperatorTestbed) -> None:
    taken = with_demo(network={"service": {"type": "NodePort", "nodePorts": {"http": 80}}})
    testbed.apply(taken)
    seen = testbed.eventually("diar", lambda seen: condition(seen, "Ready")["reason"] == "RequestRejected")
    assert "The API server rejected Service demo" in condition(seen, "Ready")["message"]
    assert "provided port is not in the valid range" in condition(seen, "Ready")["message"]


def versions(testbed: OperatorTestbed) -> dict[str, str]:
    """Return the resourceVersion of everything that the operator writes."""
    objects = [*testbed.children().values(), testbed.get("diar") or {}]
    return {"/".join(identity(each)): each["metadata"]["resourceVersion"] for each in objects}


def test_ten_more_passes_write_nothing(testbed: OperatorTestbed) -> None:
    testbed.apply(with_demo(compute={"resources": {"requests": {"memory": "2048Mi", "cpu": "1000m"}}}))
    testbed.wait_until_settled()
    writes = testbed.wait_until_quiet()
    quiet = versions(testbed)
    testbed.reconcile_again(10)
    assert testbed.operator.count(WRITES) == writes
    assert {**versions(testbed), SELF: ""} == {**quiet, SELF: ""}


def test_an_operator_that_starts_on_settled_services_writes_nothing(testbed: OperatorTestbed) -> None:
    testbed.apply(DEMO)
    testbed.wait_until_settled()
    testbed.wait_until_quiet()
    quiet = versions(testbed)
    with running_operator(testbed.plane, SD_RESYNC_SECONDS="0.2") as second:
        eventually(lambda: second.count(RECONCILES) >= 10, "ten passes")
        assert second.count(WRITES) == 0
    assert versions(testbed) == quiet


def test_an_operator_terminates_on_request(testbed: OperatorTestbed) -> None:
    with running_operator(testbed.plane) as second:
        testbed.apply(DEMO)
        eventually(lambda: second.count(RECONCILES), "it works")
        second.process.terminate()
        assert second.process.wait(timeout=20) == 0


def test_a_field_that_another_client_repeatedly_changes_is_a_conflict_and_restored_rarely(
    testbed: OperatorTestbed,
) -> None:
    testbed.apply(DEMO)
    testbed.wait_until_settled()
    for number in range(4):
        version = (testbed.get("service") or {})["metadata"]["resourceVersion"]
        testbed.kubectl("label", "service", "demo", f"app.kubernetes.io/name=mine-{number}", "--overwrite")
        testbed.eventually("service", lambda seen, version=version: seen["metadata"]["resourceVersion"] != version)
        if number < IMMEDIATE_REPAIRS:
            testbed.eventually(
                "service", lambda seen: seen["metadata"]["labels"]["app.kubernetes.io/name"] == "sd-triton"
            )
    seen = testbed.eventually("diar", lambda seen: condition(seen, "Degraded")["reason"] == "FieldConflict")
    message = condition(seen, "Degraded")["message"]
    assert message.startswith("kubectl-label repeatedly changes metadata.labels.app.kubernetes.io/name of Service demo")
    assert ("Warning", "FieldConflict") in testbed.events()
    writes = testbed.operator.count(WRITES)
    for number in range(5):
        testbed.kubectl("label", "service", "demo", f"app.kubernetes.io/name=again-{number}", "--overwrite")
    assert testbed.operator.count(WRITES) == writes
    assert (testbed.get("service") or {})["metadata"]["labels"][NAME_LABEL] == "again-4"


def test_a_child_that_another_client_repeatedly_deletes_is_a_conflict(testbed: OperatorTestbed) -> None:
    testbed.apply(DEMO)
    testbed.wait_until_settled()
    for _ in range(IMMEDIATE_REPAIRS):
        uid = (testbed.get("service") or {})["metadata"]["uid"]
        testbed.kubectl("delete", "service", "demo")
        testbed.eventually("service", lambda seen, uid=uid: seen["metadata"]["uid"] != uid)
    testbed.kubectl("delete", "service", "demo")
    seen = testbed.eventually("diar", lambda seen: condition(seen, "Degraded")["reason"] == "FieldConflict")
    assert condition(seen, "Degraded")["message"].startswith("Another client repeatedly deletes Service demo")
    assert testbed.get("service") is None


def test_a_condition_of_another_controller_remains_and_causes_no_writes(testbed: OperatorTestbed) -> None:
    testbed.apply(DEMO)
    testbed.wait_until_settled()
    theirs = {"type": "Audited", "status": "True", "reason": "Seen", "message": "By the auditors."}
    theirs["lastTransitionTime"] = "2026-01-01T00:00:00Z"
    patch = f'[{{"op": "add", "path": "/status/conditions/-", "value": {json.dumps(theirs)}}}]'
    writes = testbed.wait_until_quiet()
    testbed.kubectl("patch", "diar", "demo", "--subresource=status", "--type=json", f"--patch={patch}")
    testbed.reconcile_again(3)
    assert testbed.operator.count(WRITES) == writes
    assert condition(testbed.get("diar") or {}, "Audited")["reason"] == "Seen"


def test_the_operator_never_changes_replicas_while_another_component_scales(testbed: OperatorTestbed) -> None:
    testbed.apply({**DEMO, "autoscaling": {"mode": "external"}})
    testbed.wait_until_settled()
    for number in range(10):
        replicas = number % 3 + 1
        testbed.kubectl("scale", "diar/demo", f"--replicas={replicas}")
        testbed.apply(with_demo(autoscaling={"mode": "external"}, serving={"adapters": number + 1}))
        testbed.wait_for_adapters(number + 1)
        assert (testbed.get("diar") or {})["spec"]["replicas"] == replicas
        testbed.eventually("deployment", lambda seen, replicas=replicas: seen["spec"]["replicas"] == replicas)


def test_an_autoscaler_that_is_no_longer_desired_is_deleted(testbed: OperatorTestbed) -> None:
    testbed.apply(with_demo(autoscaling={"mode": "hpa"}))
    testbed.wait_until_settled()
    assert testbed.get("horizontalpodautoscaler")
    testbed.apply(with_demo(autoscaling={"mode": "external"}))
    eventually(lambda: not testbed.get("horizontalpodautoscaler"), "the autoscaler has gone")


def test_a_scale_down_deletes_the_idlest_pod_first(testbed: OperatorTestbed) -> None:
    testbed.apply(with_demo(replicas=2))
    testbed.wait_until_settled()
    eventually(lambda: len(testbed.pods()) == 2, "two pods")
    busy, idle = (pod["metadata"]["name"] for pod in testbed.pods())
    with engines({"127.0.0.11": "sd_backlog_seconds 90\n", "127.0.0.12": "sd_backlog_seconds 0\n"}):
        for name, address in ((busy, "127.0.0.11"), (idle, "127.0.0.12")):
            testbed.plane.patch_status("pod", name, testbed.namespace, {"podIP": address, "podIPs": [{"ip": address}]})
        testbed.reconcile_again(1)
        testbed.kubectl("scale", "diar/demo", "--replicas=1")
        eventually(lambda: [pod["metadata"]["name"] for pod in testbed.pods()] == [busy], "the busy pod stays")
