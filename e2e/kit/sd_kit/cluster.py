"""The cluster itself: made once, started again after a pause, removed when asked."""

import os
from pathlib import Path

import yaml

from sd_kit import commands, docker, dockerd, gobuild, kind_config, kubectl, node_image, places, registry
from sd_kit.errors import KitError
from sd_kit.locks import locked
from sd_kit.steps import say, step

NAME = "sd-triton"
NODE = f"{NAME}-control-plane"
NETWORK = "kind"
HEALTHY_WITHIN_S = 180.0
NOT_READY = (
    f"The cluster is there, but its node or its system pods are not ready after {HEALTHY_WITHIN_S:.0f} s. "
    "`sd-kit status` shows which; `sd-kit up` waits again."
)


def up() -> None:
    """Make the cluster run, whatever is missing; does nothing when it does."""
    dockerd.ensure()
    with locked("cluster"):
        registry.ensure()
        gobuild.ensure(["kind", "kubectl"])
        if _runs():
            say(f"The cluster {NAME} is up.")
            return
        if not _starts_again():
            _create()
        say(f"The cluster {NAME} is up. Use it with: export KUBECONFIG={places.kubeconfig()}")


def down() -> None:
    """Remove the cluster and the registry's container; images and programs stay in the cache."""
    if not docker.answers():
        say("No docker is running, and so no cluster.")
        return
    if docker.container_state(NODE) != "absent":
        _remove()
    registry.stop()


def _runs() -> bool:
    return docker.container_state(NODE) == "running" and kubectl.is_healthy() and _registry_is_connected()


def _starts_again() -> bool:
    """Whether a node that is already there became healthy; one that does not is removed."""
    if docker.container_state(NODE) == "absent":
        return False
    # kind writes the kubeconfig last: without one, the cluster was never finished.
    if places.kubeconfig().exists() and _becomes_healthy_again():
        return True
    say(f"The cluster {NAME} is broken or was never finished; it is made anew.")
    _remove()
    return False


def _becomes_healthy_again() -> bool:
    with step(f"starting the cluster {NAME} again"):
        commands.run([docker.client(), "start", NODE], log="cluster", purpose=f"start {NODE}")
        _connect_registry()
        return kubectl.becomes_healthy(within_s=HEALTHY_WITHIN_S)


def _remove() -> None:
    with step(f"removing the cluster {NAME}"):
        _kind("delete", "cluster", purpose="remove the cluster")
        places.kubeconfig().unlink(missing_ok=True)


def _create() -> None:
    image = node_image.ensure()
    path = places.cache() / "kind.yaml"
    path.write_text(yaml.safe_dump(kind_config.render(image, own_image=node_image.is_own(image)), sort_keys=False))
    with step(f"creating the cluster {NAME}"):
        _kind("create", "cluster", f"--config={path}", "--wait=120s", purpose="create the cluster")
        _connect_registry()
        if not kubectl.becomes_healthy(within_s=HEALTHY_WITHIN_S):
            raise KitError(NOT_READY)


def _kind(*arguments: str, purpose: str) -> None:
    argv = [gobuild.binary("kind"), *arguments, f"--name={NAME}", f"--kubeconfig={places.kubeconfig()}"]
    # kind takes the first docker on PATH; it must be the one that the kit talks to.
    path = f"{Path(docker.client()).parent}:{os.environ['PATH']}"
    commands.run(argv, log="cluster", purpose=purpose, env={"PATH": path})


def _registry_is_connected() -> bool:
    template = "{{range $name, $_ := .NetworkSettings.Networks}}{{$name}} {{end}}"
    argv = [docker.client(), "inspect", "--format", template, registry.CONTAINER]
    return NETWORK in commands.output(argv, purpose="ask docker about the registry's networks").split()


def _connect_registry() -> None:
    """Let the node pull `localhost:5000/…` from the registry's container, by its name in kind's network."""
    if not _registry_is_connected():
        argv = [docker.client(), "network", "connect", NETWORK, registry.CONTAINER]
        commands.run(argv, log="cluster", purpose="connect the registry to the cluster's network")
    folder = f"/etc/containerd/certs.d/{registry.ADDRESS}"
    hosts = f'[host."http://{registry.CONTAINER}:{registry.PORT}"]'
    argv = [docker.client(), "exec", NODE, "sh", "-c", f"mkdir -p {folder} && echo '{hosts}' > {folder}/hosts.toml"]
    commands.run(argv, log="cluster", purpose="tell the node where the registry is")
