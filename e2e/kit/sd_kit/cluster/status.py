"""The report of `sd-kit status`."""

from collections.abc import Iterator

from sd_kit import paths
from sd_kit.cluster import health, kubectl, lifecycle
from sd_kit.images import docker, registry


def report() -> tuple[bool, list[str]]:
    """Return True if docker, registry and cluster are healthy, and one line on each."""
    lines = list(_lines())
    return all(healthy for healthy, _ in lines), [text for _, text in lines]


def _lines() -> Iterator[tuple[bool, str]]:
    docker_answers = docker.answers()
    yield docker_answers, "docker    " + ("answers" if docker_answers else "does not answer; `sd-kit up` starts it")
    if not docker_answers:
        return
    registry_answers = registry.answers()
    yield registry_answers, f"registry  {registry.ADDRESS} " + ("answers" if registry_answers else "does not answer")
    state = docker.container_state(lifecycle.NODE)
    yield state == "running", f"node      {lifecycle.NODE} is {state}"
    if state == "running" and kubectl.program().exists() and health.is_api_server_ready():
        not_ready = health.not_ready()
        yield not not_ready, "cluster   " + (f"not ready: {', '.join(not_ready)}" if not_ready else "is healthy")
        yield True, f"          export KUBECONFIG={paths.kubeconfig()}\n{health.overview()}"
    else:
        yield False, "cluster   does not answer; `sd-kit up` starts it"
