"""What runs and what does not, one line each."""

from collections.abc import Iterator

from sd_kit import cluster, docker, gobuild, kubectl, places, registry


def report() -> tuple[bool, list[str]]:
    """Whether all of it runs, and the lines that say so."""
    lines = list(_lines())
    return all(good for good, _ in lines), [text for _, text in lines]


def _lines() -> Iterator[tuple[bool, str]]:
    docker_runs = docker.answers()
    yield docker_runs, "docker    " + ("answers" if docker_runs else "does not answer; `sd-kit up` starts it")
    if not docker_runs:
        return
    registry_runs = registry.answers()
    yield registry_runs, f"registry  {registry.ADDRESS} " + ("answers" if registry_runs else "does not answer")
    state = docker.container_state(cluster.NODE)
    yield state == "running", f"node      {cluster.NODE} is {state}"
    if state == "running" and gobuild.binary("kubectl").exists() and kubectl.serves():
        waiting = kubectl.lagging()
        yield not waiting, "cluster   " + (f"waits for {', '.join(waiting)}" if waiting else "is healthy")
        yield True, f"          export KUBECONFIG={places.kubeconfig()}\n{kubectl.overview()}"
    else:
        yield False, "cluster   does not serve; `sd-kit up` starts it"
