"""The memory keeps repairs, found objects and retries between passes, until the service is deleted."""

from sd_harness.services.live_objects import live
from sd_harness.services.observations import desired_state, observation
from sd_operator.kube.cache import Key
from sd_operator.reconcile.finding import Finding
from sd_operator.reconcile.memory import Memory
from sd_operator.reconcile.plan import Change, Outcome, Plan
from sd_operator.reconcile.retry_backoff import RETRY_DELAY_S

KEY = Key("default", "demo")
SERVICE = next(each for each in desired_state().children if each["kind"] == "Service")
FOUND = live(SERVICE)


def test_found_objects_are_kept_until_a_pass_finds_no_further_ones() -> None:
    memory, seen = Memory(), observation()
    memory.update(KEY, seen, Outcome(Plan(), found=[FOUND]))
    other = live({"kind": "Deployment", "metadata": {"name": "demo"}})
    memory.update(KEY, seen, Outcome(Plan(), found=[other]))
    assert memory.found[KEY] == [FOUND, other]
    memory.update(KEY, seen, Outcome(Plan()))
    assert KEY not in memory.found


def test_repairs_are_those_of_the_observation_after_the_pass() -> None:
    memory, change = Memory(), Change(SERVICE, FOUND)
    seen = observation(monotonic_s=3.0).after(Outcome(Plan(), applied=[change], live=[FOUND]))
    memory.update(KEY, seen, Outcome(Plan()))
    assert memory.repairs_of(KEY).repairs == {("Service", "demo"): (3.0,)}
    assert memory.repairs_of(Key("default", "other")).repairs == {}


def test_a_service_with_errors_counts_as_retried_until_it_is_forgotten() -> None:
    memory, error = Memory(), Finding("RequestRejected", "No.")
    for number in range(100):
        memory.update(Key("default", f"demo-{number}"), observation(errors=[error]), Outcome(Plan()))
    assert memory.retries.delay_s(Key("default", "demo-0")) == 20.0
    for number in range(100):
        memory.forget(Key("default", f"demo-{number}"))
    assert memory.retries.delay_s(KEY) == RETRY_DELAY_S
    assert memory.repairs_of(Key("default", "demo-0")).repairs == {}
