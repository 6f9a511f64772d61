"""Creation, restart and removal of the kind cluster."""

import os
from pathlib import Path

import yaml

from sd_kit import paths, subprocesses
from sd_kit.cluster import health, kind_config
from sd_kit.errors import KitError
from sd_kit.images import docker, registry
from sd_kit.locks import locked
from sd_kit.offline import dockerd, go_build, node_image
from sd_kit.progress import print_line, step

NAME = "sd-triton"
NODE = f"{NAME}-control-plane"
NETWORK = "kind"
HEALTH_TIMEOUT_S = 180.0
NOT_READY = (
    f"The cluster exists, but its node or its system pods are not ready after {HEALTH_TIMEOUT_S:.0f} s. "
    "`sd-kit status` shows which; `sd-kit up` waits again."
)


def up() -> None:
    """Start docker, the registry and the cluster; do nothing for those that run."""
    dockerd.ensure()
    with locked("cluster"):
        registry.ensure()
        go_build.ensure(["kind", "kubectl"])
        if _is_running():
            print_line(f"The cluster {NAME} is up.")
            return
        if not _restart():
            _create()
        print_line(f"The cluster {NAME} is up. Use it with: export KUBECONFIG={paths.kubeconfig()}")


def down() -> None:
    """Remove the cluster and the registry's container; images and programs stay in the cache."""
    if not docker.answers():
        print_line("docker does not run, and so there is no cluster.")
        return
    if docker.container_state(NODE) != "absent":
        _remove()
    registry.stop()


def _is_running() -> bool:
    return docker.container_state(NODE) == "running" and health.is_healthy() and _is_registry_connected()


def _restart() -> bool:
    """Return True if an existing node became healthy; remove a node that did not."""
    if docker.container_state(NODE) == "absent":
        return False
    # kind writes the kubeconfig last: without it, the creation was interrupted.
    if paths.kubeconfig().exists() and _start_node():
        return True
    print_line(f"The cluster {NAME} is broken or incomplete; it is created again.")
    _remove()
    return False


def _start_node() -> bool:
    """Start the node's container; return True if the cluster becomes healthy."""
    with step(f"starting the cluster {NAME} again"):
        subprocesses.run([docker.client(), "start", NODE], log="cluster", purpose=f"start {NODE}")
        _connect_registry()
        return health.wait_until_healthy(timeout_s=HEALTH_TIMEOUT_S)


def _remove() -> None:
    with step(f"removing the cluster {NAME}"):
        _kind("delete", "cluster", purpose="remove the cluster")
        paths.kubeconfig().unlink(missing_ok=True)


def _create() -> None:
    image = node_image.ensure()
    config = kind_config.render(image, has_own_cni=node_image.is_built_here(image))
    path = paths.cache() / "kind.yaml"
    path.write_text(yaml.safe_dump(config, sort_keys=False))
    with step(f"creating the cluster {NAME}"):
        _kind("create", "cluster", f"--config={path}", "--wait=120s", purpose="create the cluster")
        _connect_registry()
        if not health.wait_until_healthy(timeout_s=HEALTH_TIMEOUT_S):
            raise KitError(NOT_READY)


def _kind(*arguments: str, purpose: str) -> None:
    argv = [go_build.binary("kind"), *arguments, f"--name={NAME}", f"--kubeconfig={paths.kubeconfig()}"]
    # kind runs the first docker on PATH; that must be the client that the kit uses.
    path = f"{Path(docker.client()).parent}:{os.environ['PATH']}"
    subprocesses.run(argv, log="cluster", purpose=purpose, env={"PATH": path})


def _is_registry_connected() -> bool:
    template = "{{range $name, $_ := .NetworkSettings.Networks}}{{$name}} {{end}}"
    argv = [docker.client(), "inspect", "--format", template, registry.CONTAINER]
    return NETWORK in subprocesses.output(argv, purpose="inspect the registry's networks").split()


def _connect_registry() -> None:
    """Configure the node to pull `localhost:5000/…` from the registry's container, by its name in kind's network."""
    if not _is_registry_connected():
        argv = [docker.client(), "network", "connect", NETWORK, registry.CONTAINER]
        subprocesses.run(argv, log="cluster", purpose="connect the registry to the cluster's network")
    folder = f"/etc/containerd/certs.d/{registry.ADDRESS}"
    hosts = f'[host."http://{registry.CONTAINER}:{registry.PORT}"]'
    argv = [docker.client(), "exec", NODE, "sh", "-c", f"mkdir -p {folder} && echo '{hosts}' > {folder}/hosts.toml"]
    subprocesses.run(argv, log="cluster", purpose="write the registry's address to the node")
