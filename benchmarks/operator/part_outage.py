"""The API server is gone, says nothing, or answers wrongly for a while, and the work goes on meanwhile."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable

from sd_harness.control_plane.api_proxy import ApiProxy, Asked, proxied
from sd_harness.control_plane.operator_bench import diarization_service
from sd_harness.control_plane.operator_process import RunningOperator
from sd_harness.control_plane.processes import eventually
from sd_harness.services.service_specs import DEMO
from sd_operator.resources import DIARIZATION_SERVICES, SERVICES

from benchmarks.operator.audit import writes
from benchmarks.operator.stage import Stage
from benchmarks.record import Row

OUTAGE_S = 60
BEFORE, NEW, CHANGED, DELETED = 20, 10, range(5), range(5, 10)
"""Services that were there, are made, changed and deleted meanwhile; of those from ten on, each loses a child."""
CODES = (410, 409, 429, 500)
WITHIN_S = 120.0


def measure(stage: Stage) -> list[Row]:
    """Each trouble with a fleet of its own; one operator, which is never restarted."""
    codes = CODES[: stage.little(len(CODES), 1)]
    with proxied(stage.plane) as proxy, stage.operator(through=proxy) as operator:
        cut_s = _outage(stage, "cut", proxy.cut, proxy, stage.little(OUTAGE_S, 2))
        hushed_s = _outage(stage, "hushed", proxy.hush, proxy, stage.little(OUTAGE_S, 2))
        faults_s = {code: _faults(stage, code, proxy, operator) for code in codes}
        assert operator.process.poll() is None
    twice = [what for namespace in ("cut", "hushed", *map(_fault, codes)) for what in _made_twice(stage, namespace)]
    detail = f"connections refused: {cut_s:.1f} s; no answer: {hushed_s:.1f} s; from its end until all is right"
    answers = ", ".join(f"{code}: {took_s:.1f} s" for code, took_s in faults_s.items())
    return [
        Row("outage_converged_s_max", max(cut_s, hushed_s), "s", "<= 30", f"{stage.little(OUTAGE_S, 2)} s; {detail}"),
        Row("faults_converged_s_max", max(faults_s.values()), "s", "<= 30", f"to 3 writes, 3 watches each; {answers}"),
        Row("made_twice", len(twice), "objects", "<= 0", f"children created although they existed {twice[:3] or ''}"),
    ]


def _outage(stage: Stage, name: str, begin: Callable[[], None], proxy: ApiProxy, lasts_s: float) -> float:
    namespace = stage.in_namespace(name, DEMO, BEFORE)
    stage.settled(namespace)
    begin()
    started = time.monotonic()
    _work(stage, namespace)
    time.sleep(max(0.0, lasts_s - (time.monotonic() - started)))
    proxy.mend()
    return _converged_s(stage, namespace)


def _work(stage: Stage, namespace: str) -> None:
    """What people do meanwhile."""
    for number in range(NEW):
        metadata = {"name": f"new-{number}", "namespace": namespace}
        stage.api.create(diarization_service(DEMO, metadata))
    for number in CHANGED:
        patch = {"spec": {"serving": {"adapters": 3}}}
        stage.api.patch(DIARIZATION_SERVICES, namespace, f"{namespace}-{number}", patch)
    for number in DELETED:
        stage.api.delete(DIARIZATION_SERVICES, namespace, f"{namespace}-{number}")
    for number in range(DELETED.stop, BEFORE):
        stage.api.delete(SERVICES, namespace, f"{namespace}-{number}")


def _faults(stage: Stage, code: int, proxy: ApiProxy, operator: RunningOperator) -> float:
    namespace = stage.in_namespace(_fault(code), DEMO, 5)
    stage.settled(namespace)
    fits: tuple[Callable[[Asked], bool], ...] = (lambda asked: asked.writes, lambda asked: asked.watch)
    for each in fits:
        proxy.inject(code, 3, each)
    proxy.break_watches(410)
    for number in range(5):
        patch = {"spec": {"serving": {"adapters": 3}}}
        stage.api.patch(DIARIZATION_SERVICES, namespace, f"{namespace}-{number}", patch)
        stage.api.delete(SERVICES, namespace, f"{namespace}-{number}")
    took_s = _converged_s(stage, namespace)
    eventually(lambda: proxy.injected() and operator.ready(), "every wrong answer was given", WITHIN_S)
    return took_s


def _fault(code: int) -> str:
    return f"fault-{code}"


def _converged_s(stage: Stage, namespace: str) -> float:
    started = time.monotonic()
    stage.settled(namespace, within_s=WITHIN_S)
    return time.monotonic() - started


def _made_twice(stage: Stage, namespace: str) -> list[tuple[str, str]]:
    """One creation of each child is right, and one more of a Service that was deleted by hand."""
    mine = [each for each in writes(stage.plane) if each.namespace == namespace]
    made = Counter((each.resource, each.name) for each in mine if each.is_to_a_child and each.is_creation)
    allowed = {(SERVICES.plural, name): 2 for name in _by_hand(namespace)}
    return [what for what, count in made.items() if count > allowed.get(what, 1)]


def _by_hand(namespace: str) -> set[str]:
    """The Services that were deleted."""
    numbers = range(5) if namespace.startswith("fault") else range(DELETED.stop, BEFORE)
    return {f"{namespace}-{number}" for number in numbers}
