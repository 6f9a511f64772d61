"""Random valid specs: rendered twice to the same bytes, and accepted by the API server in strict field validation."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

from live_objects import INSTALLATION, resource
from operator_bench import diarization_service
from random_specs import sample
from sd_operator.api.service import DiarizationService
from sd_operator.children import desired
from sd_operator.vocabulary import CORE_KINDS, DIARIZATION_SERVICES, KIND_OF, Manifest

from benchmarks.operator.api import THREADS
from benchmarks.operator.stage import Stage
from benchmarks.record import Row

EXAMPLES = 2000
STRICT = "dryRun=All&fieldValidation=Strict"


def measure(stage: Stage) -> list[Row]:
    """Two thousand of them, each with all of its children; the first that is refused ends the benchmark."""
    namespace, specs = stage.namespace("specs"), sample(stage.little(EXAMPLES, 50))
    with ThreadPoolExecutor(THREADS) as threads:
        children = sum(threads.map(lambda spec: _accepted(stage, namespace, spec), specs))
    detail = f"{children} children; each spec rendered twice to the same bytes; all accepted in strict field validation"
    return [Row("random_specs_accepted", len(specs), "specs", f">= {stage.little(EXAMPLES, 1)}", detail)]


def _accepted(stage: Stage, namespace: str, spec: Manifest) -> int:
    """The number of children that were accepted with their service."""
    service = DiarizationService.parse(resource(spec, namespace=namespace))
    first, second = (json.dumps(desired(service, INSTALLATION)) for _ in range(2))
    assert first == second
    created = diarization_service(spec, {"name": "demo", "namespace": namespace})
    stage.api.request("POST", f"{DIARIZATION_SERVICES.path(namespace)}?{STRICT}", created)
    core = {kind.kind for kind in CORE_KINDS}
    children = [child for child in json.loads(first) if child["kind"] in core]
    for child in children:
        path = KIND_OF[child["kind"]].path(namespace, child["metadata"]["name"])
        query = f"{STRICT}&fieldManager=benchmark&force=true"
        stage.api.request("PATCH", f"{path}?{query}", child, "application/apply-patch+yaml")
    return len(children)
