"""The image of the cluster's node: kind's published one, else one built here."""

import shutil
from collections.abc import Iterable
from pathlib import Path

from sd_kit import paths, subprocesses
from sd_kit.images import docker
from sd_kit.locks import locked, temporary_folder
from sd_kit.offline import base_image, content_digest, docker_hub, go_build
from sd_kit.offline.go_programs import (
    CLUSTER_MODULE,
    COREDNS,
    ETCD,
    KIND,
    KUBERNETES,
    NODE_PROGRAMS,
    PAUSE,
    PROGRAMS,
    SYSTEM_POD_PROGRAMS,
)
from sd_kit.offline.parallel import run_both
from sd_kit.progress import step

PUBLISHED = "kindest/node:v1.37.0@sha256:a1ed56cfb0e7b93589bdf97c8cd566405a265939e3620fc4f5de89adff580ae5"
"""The node image that kind's release names."""
OWN_NAME = "sd-triton-node"

NODE_SOURCE = paths.OFFLINE / "node"
BASE_SOURCE = paths.OFFLINE / "node_base"
SOURCES = (paths.OFFLINE / CLUSTER_MODULE, BASE_SOURCE, NODE_SOURCE)


def ensure() -> str:
    """Pull or build the node image if docker lacks it; return its reference."""
    return _pull() if docker_hub.is_reachable() else _build_if_missing()


def is_built_here(reference: str) -> bool:
    """Return True if the image was built by the kit and so contains a CNI configuration."""
    return reference.startswith(f"{OWN_NAME}:")


def system_image(program: str) -> str:
    """Return the reference that kubeadm uses for the image of a system pod."""
    special = {
        "etcd": f"etcd:{ETCD.removeprefix('v')}-0",
        "coredns": f"coredns/coredns:{COREDNS}",
        "pause": f"pause:{PAUSE}",
    }
    return "registry.k8s.io/" + special.get(program, f"{program}:{KUBERNETES}")


def _pull() -> str:
    if not docker.has_image(PUBLISHED):
        with step(f"pulling {PUBLISHED}"):
            subprocesses.run([docker.client(), "pull", PUBLISHED], log="node-image", purpose=f"pull {PUBLISHED}")
    return PUBLISHED


def _build_if_missing() -> str:
    versions = [PROGRAMS[name].version for name in NODE_PROGRAMS + SYSTEM_POD_PROGRAMS]
    tag = f"{OWN_NAME}:{KUBERNETES}-{content_digest.digest(SOURCES, [*versions, KIND])}"
    if not docker.has_image(tag):
        with locked("node-image"):
            if not docker.has_image(tag):
                _build(tag)
    return tag


def _build(tag: str) -> None:
    # Compilers use the processors, the installation of Debian packages the network, so both run in parallel.
    base, _ = run_both(_build_base, _build_programs)
    with step(f"building {tag}"), temporary_folder("node") as context:
        _copy_programs(NODE_PROGRAMS + SYSTEM_POD_PROGRAMS, context)
        shutil.copy2(NODE_SOURCE / "store-images.sh", context)
        _save_system_images(context)
        arguments = {"BASE": base, "KUBERNETES": KUBERNETES, "PAUSE_IMAGE": system_image("pause")}
        options = [f"--build-arg={name}={value}" for name, value in arguments.items()]
        docker.build(context, tag, f"--file={NODE_SOURCE / 'Dockerfile'}", *options, log="node-image")


def _build_programs() -> None:
    go_build.ensure(NODE_PROGRAMS + SYSTEM_POD_PROGRAMS)


def _build_base() -> str:
    tag = f"{OWN_NAME}-base:{content_digest.digest([BASE_SOURCE])}"
    if not docker.has_image(tag):
        base_image.ensure()
        with step(f"building {tag}"), temporary_folder("node-base") as context:
            shutil.copytree(BASE_SOURCE, context, dirs_exist_ok=True)
            kind_source = go_build.module_source(f"sigs.k8s.io/kind@{KIND}")
            shutil.copytree(kind_source / "images" / "base" / "files", context / "kind")
            docker.build(context, tag, log="node-base")
    return tag


def _copy_programs(names: Iterable[str], context: Path) -> None:
    for name in names:
        shutil.copy2(go_build.binary(name), context / name)


def _save_system_images(context: Path) -> None:
    for program in SYSTEM_POD_PROGRAMS:
        source = f"--file={NODE_SOURCE / 'images.Dockerfile'}"
        docker.build(context, system_image(program), source, f"--target={program}", log="node-image")
    argv = [docker.client(), "save", "--output", context / "images.tar", *map(system_image, SYSTEM_POD_PROGRAMS)]
    subprocesses.run(argv, log="node-image", purpose="save the images of the system pods")
