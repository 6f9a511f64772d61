"""The real operator against the real API: children appear, stay right, and go."""

from operator_bench import Bench, condition
from operator_process import RECONCILES, WRITES, running_operator
from plane_processes import eventually
from service_specs import DEMO, with_demo


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
    before = bench.settled()["Deployment"]["metadata"]["generation"]
    bench.apply(with_demo(serving={"adapters": 4}))
    changed = bench.eventually("deployment", lambda seen: seen["metadata"]["generation"] > before)
    pod = changed["spec"]["template"]["spec"]
    assert {"name": "SD_ADAPTERS", "value": "4"} in pod["initContainers"][0]["env"]
    assert "nodeSelector" not in pod  # what is no longer asked for goes
    bench.eventually("diar", lambda seen: seen["status"]["observedGeneration"] == 2)


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


def test_every_deleted_child_comes_back(bench: Bench) -> None:
    bench.apply(DEMO)
    before = bench.settled()
    for kind, child in before.items():
        uid = child["metadata"]["uid"]
        bench.kubectl("delete", kind.lower(), "demo", "--wait=false")
        bench.eventually(kind.lower(), lambda seen, uid=uid: seen["metadata"]["uid"] != uid)


def test_what_was_changed_by_hand_is_put_right_and_the_siblings_stay(bench: Bench) -> None:
    bench.apply(DEMO)
    before = bench.settled()
    bench.kubectl("patch", "service", "demo", "--type=json", "--patch",
                  '[{"op": "replace", "path": "/spec/ports/0/targetPort", "value": 1}]')  # fmt: skip
    bench.kubectl("scale", "deployment/demo", "--replicas=5")
    bench.kubectl("label", "serviceaccount/demo", "app.kubernetes.io/managed-by-")
    bench.eventually("service", lambda seen: seen["spec"]["ports"][0]["targetPort"] == 8000)
    bench.eventually("deployment", lambda seen: seen["spec"]["replicas"] == 1)
    bench.eventually("serviceaccount", lambda seen: "app.kubernetes.io/managed-by" in seen["metadata"]["labels"])
    after = bench.children()
    assert {kind: child["metadata"]["uid"] for kind, child in after.items()} == {
        kind: child["metadata"]["uid"] for kind, child in before.items()
    }


def test_deleting_a_service_leaves_nothing(bench: Bench) -> None:
    bench.apply(DEMO)
    bench.settled()
    bench.kubectl("delete", "diar", "demo")
    eventually(lambda: not bench.children() and not bench.pods(), "nothing is left")


def test_a_service_of_the_same_name_can_follow_at_once(bench: Bench) -> None:
    bench.apply(DEMO)
    before = bench.settled()["Deployment"]["metadata"]["uid"]
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
    bench.settled()


def test_what_the_api_server_refuses_is_quoted(bench: Bench) -> None:
    taken = with_demo(network={"service": {"type": "NodePort", "nodePorts": {"http": 80}}})
    bench.apply(taken)
    seen = bench.eventually("diar", lambda seen: condition(seen, "Ready")["reason"] == "Refused")
    assert "The API server refused Service demo" in condition(seen, "Ready")["message"]
    assert "provided port is not in the valid range" in condition(seen, "Ready")["message"]


def versions(bench: Bench) -> dict[str, str]:
    """The resourceVersion of everything that the operator writes."""
    objects = [*bench.children().values(), bench.get("diar") or {}]
    return {each["kind"]: each["metadata"]["resourceVersion"] for each in objects}


def test_ten_more_looks_write_nothing(bench: Bench) -> None:
    bench.apply(with_demo(compute={"resources": {"requests": {"memory": "2048Mi", "cpu": "1000m"}}}))
    bench.settled()
    quiet = versions(bench)
    writes = bench.operator.count(WRITES)
    for number in range(10):
        looks = bench.operator.count(RECONCILES)
        bench.kubectl("annotate", "diar", "demo", f"look={number}", "--overwrite")
        eventually(lambda looks=looks: bench.operator.count(RECONCILES) > looks, "another look")
    assert bench.operator.count(WRITES) == writes
    assert {**versions(bench), "DiarizationService": ""} == {**quiet, "DiarizationService": ""}


def test_an_operator_that_starts_on_settled_services_writes_nothing(bench: Bench) -> None:
    bench.apply(DEMO)
    bench.settled()
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
