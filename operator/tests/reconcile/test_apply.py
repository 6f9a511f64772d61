"""A plan is carried out in order, and what the API server refuses becomes a sentence; the rest is done all the same."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest
from sd_harness.services.live_objects import INSTALLATION, live, service
from sd_harness.services.service_specs import DEMO, with_demo
from sd_operator.children import config_map, desired
from sd_operator.kube.cache import Cache
from sd_operator.kube.errors import AlreadyExistsError, RejectedError, UnavailableError
from sd_operator.reconcile.apply import carry_out
from sd_operator.reconcile.decide import Change, Plan, decide, stamped
from sd_operator.resources import Manifest

SERVICE = service(DEMO)
WANTED = desired(SERVICE, INSTALLATION)


@dataclass
class Server:
    """Takes what it does not refuse by kind, and remembers the order."""

    refused: tuple[str, ...] = ()
    taken: tuple[str, ...] = ()
    """Kinds of which something is there already."""
    added: dict[str, Manifest] = field(default_factory=dict[str, Manifest])
    """What an outsider has added, by kind."""
    done: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    removed: list[str] = field(default_factory=list[str])
    outran: bool = False
    """Whether what is applied is changed by somebody before anything can be taken out of it."""

    async def apply(self, manifest: Manifest) -> Manifest:
        return self._answer("apply", manifest)

    async def apply_if_absent(self, manifest: Manifest) -> Manifest:
        if manifest["kind"] in self.taken:
            raise AlreadyExistsError(live(manifest | {"spec": "somebody else's"}))
        return self._answer("apply", manifest)

    async def remove_fields(self, manifest: Manifest, pointers: list[str]) -> Manifest | None:
        if self.outran:
            return None
        self.removed += pointers
        return self._answer("remove", manifest)

    async def delete(self, manifest: Manifest) -> None:
        self._answer("delete", manifest)

    def _answer(self, verb: str, manifest: Manifest) -> Manifest:
        if manifest["kind"] in self.refused:
            raise RejectedError(f"a policy forbids {manifest['kind']}", 403)
        self.done.append((verb, manifest["kind"]))
        return live(manifest | self.added.get(manifest["kind"], {}))


async def carried_out(plan: Plan, *refused: str) -> tuple[Any, list[str]]:
    """What was done, and the sentences about what was not."""
    server: Any = Server(refused)
    outcome = await carry_out(server, Cache(), plan)
    assert len(outcome.applied) == len([verb for verb, _ in server.done if verb == "apply"])
    return server.done, [cause.message for cause in outcome.refusals]


async def test_pods_are_asked_for_once_what_they_read_is_there() -> None:
    done, refusals = await carried_out(decide(SERVICE, WANTED, []))
    kinds = [kind for _, kind in done]
    assert sorted(kinds) == sorted(manifest["kind"] for manifest in WANTED)
    assert kinds.index("Deployment") > max(kinds.index("ServiceAccount"), kinds.index("ConfigMap"))
    assert refusals == []


async def test_without_their_settings_no_pods_are_asked_for() -> None:
    done, refusals = await carried_out(decide(SERVICE, WANTED, []), "ConfigMap")
    assert ("apply", "Deployment") not in done
    assert ("apply", "NetworkPolicy") in done
    assert refusals == [f"The API server refused ConfigMap {config_map.name(SERVICE)}: a policy forbids ConfigMap"]


async def test_what_has_the_name_of_something_new_is_told_and_no_pod_reads_it() -> None:
    server: Any = Server(taken=("ServiceAccount", "NetworkPolicy"))
    outcome = await carry_out(server, Cache(), decide(SERVICE, WANTED, []))
    assert sorted(each["kind"] for each in outcome.found) == ["NetworkPolicy", "ServiceAccount"]
    assert {each["spec"] for each in outcome.found} == {"somebody else's"}
    assert outcome.refusals == []
    assert ("apply", "ConfigMap") in server.done
    assert ("apply", "Deployment") not in server.done


async def test_a_server_that_goes_away_is_told_once_nothing_is_being_written_any_more() -> None:
    server: Any = Server()
    answer = server.apply_if_absent

    async def apply_if_absent(manifest: Manifest) -> Manifest:
        if manifest["kind"] == "ServiceAccount":
            raise UnavailableError("nobody answers")
        await asyncio.sleep(0.01)
        return await answer(manifest)

    server.apply_if_absent = apply_if_absent
    with pytest.raises(UnavailableError):
        await carry_out(server, Cache(), decide(SERVICE, WANTED, []))
    written = [*server.done]
    assert ("apply", "NetworkPolicy") in written
    await asyncio.sleep(0.1)
    assert server.done == written


async def test_a_removal_that_is_refused_is_told_and_stops_nothing() -> None:
    scaled = service(with_demo(autoscaling={"mode": "hpa"}))
    before = [live(stamped(manifest)) for manifest in desired(scaled, INSTALLATION)]
    without_front = [each for each in before if (each["kind"], each["metadata"]["name"]) != ("Service", "demo")]
    done, refusals = await carried_out(decide(SERVICE, WANTED, without_front), "HorizontalPodAutoscaler")
    assert ("apply", "Service") in done
    assert refusals == [
        "The API server refused to remove HorizontalPodAutoscaler demo: a policy forbids HorizontalPodAutoscaler"
    ]


def opened() -> tuple[Plan, dict[str, Manifest]]:
    """The repair of a NetworkPolicy, and what an outsider has added to that."""
    front = next(manifest for manifest in WANTED if manifest["kind"] == "NetworkPolicy")
    by_hand = {"manager": "kubectl-edit", "fieldsV1": {"f:spec": {"f:paused": {}}}}
    more = {
        "metadata": front["metadata"] | {"managedFields": [by_hand]},
        "spec": front["spec"] | {"paused": True},
    }
    return Plan(apply=[Change(front, live(front), "spec.paused")]), {"NetworkPolicy": more}


async def test_what_an_outsider_has_added_is_taken_out_of_what_the_api_server_has_after_the_apply() -> None:
    plan, added = opened()
    server: Any = Server(added=added)
    outcome = await carry_out(server, Cache(), plan)
    assert server.done == [("apply", "NetworkPolicy"), ("remove", "NetworkPolicy")]
    assert server.removed == ["/spec/paused"]
    assert outcome.applied == plan.apply


async def test_what_could_not_be_taken_out_yet_is_no_repair_and_no_refusal() -> None:
    plan, added = opened()
    server: Any = Server(added=added, outran=True)
    outcome = await carry_out(server, Cache(), plan)
    assert server.done == [("apply", "NetworkPolicy")]
    assert (outcome.applied, outcome.refusals) == ([], [])
