"""Random valid specs and their children are accepted by the API server with strict field validation."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

from sd_harness.control_plane.operator_testbed import diarization_service
from sd_harness.services.golden_services import manifests_of
from sd_harness.services.live_objects import resource, with_model
from sd_harness.services.random_specs import sample
from sd_operator.api.service import DiarizationService
from sd_operator.resources import DIARIZATION_SERVICES, RESOURCE_BY_KIND, Manifest

from benchmarks.operator.api_client import THREADS
from benchmarks.operator.benchmark_cluster import BenchmarkCluster
from benchmarks.record import Row

EXAMPLES = 2000
STRICT = "dryRun=All&fieldValidation=Strict"


def measure(cluster: BenchmarkCluster) -> list[Row]:
    """Send two thousand specs, each with all of its children."""
    namespace, specs = cluster.namespace("specs"), sample(cluster.sample_size(EXAMPLES, 50))
    with ThreadPoolExecutor(THREADS) as threads:
        results = [*threads.map(lambda spec: _send(cluster, namespace, spec), specs)]
    rejections = [error for _, error in results if error]
    children = sum(children for children, _ in results)
    detail = f"{children} children, optional kinds too; each spec rendered twice to the same bytes; strict validation"
    detail += f"; the first rejection: {rejections[0]}" if rejections else ""
    return [Row("random_specs_accepted", len(specs) - len(rejections), "specs", f">= {len(specs)}", detail)]


def _send(cluster: BenchmarkCluster, namespace: str, spec: Manifest) -> tuple[int, str]:
    """The number of accepted children, and the error if the service or a child was rejected."""
    try:
        return _accepted(cluster, namespace, spec), ""
    except RuntimeError as error:
        return 0, str(error)


def _accepted(cluster: BenchmarkCluster, namespace: str, spec: Manifest) -> int:
    service = with_model(DiarizationService.parse(resource(spec, namespace=namespace)))
    first, second = (json.dumps(manifests_of(service)) for _ in range(2))
    if first != second:
        raise RuntimeError(f"rendered differently the second time: {first}")
    created = diarization_service(spec, {"name": "demo", "namespace": namespace})
    cluster.api.request("POST", f"{DIARIZATION_SERVICES.path(namespace)}?{STRICT}", created)
    children = json.loads(first)
    for child in children:
        path = RESOURCE_BY_KIND[child["kind"]].path(namespace, child["metadata"]["name"])
        query = f"{STRICT}&fieldManager=benchmark&force=true"
        cluster.api.request("PATCH", f"{path}?{query}", child, "application/apply-patch+yaml")
    return len(children)
