"""The image of the cluster's node: kind's own where it can be pulled, else one built here."""

import shutil
from collections.abc import Iterable
from pathlib import Path

from sd_kit import base_image, commands, docker, gobuild, hub, places, recipe
from sd_kit.locks import locked, scratch
from sd_kit.parallel import together
from sd_kit.steps import step
from sd_kit.versions import COREDNS, ETCD, IN_PODS, KIND, KUBERNETES, ON_THE_NODE, PAUSE, STOCK_NODE

SOURCES = ("go/cluster", "node_base", "node", "versions.py")

NODE_SOURCE = places.PACKAGE / "node"


def ensure() -> str:
    """The reference of a node image that docker holds."""
    return _stock() if hub.reachable() else _own()


def is_own(reference: str) -> bool:
    """Whether the image was built here, and so brings its own pod network."""
    return reference.startswith("sd-triton-node:")


def system_image(program: str) -> str:
    """The reference by which kubeadm asks for one of the system pods' images."""
    special = {
        "etcd": f"etcd:{ETCD.removeprefix('v')}-0",
        "coredns": f"coredns/coredns:{COREDNS}",
        "pause": f"pause:{PAUSE}",
    }
    return "registry.k8s.io/" + special.get(program, f"{program}:{KUBERNETES}")


def _stock() -> str:
    if not docker.has_image(STOCK_NODE):
        with step(f"pulling {STOCK_NODE}"):
            commands.run([docker.client(), "pull", STOCK_NODE], log="node-image", purpose=f"pull {STOCK_NODE}")
    return STOCK_NODE


def _own() -> str:
    tag = f"sd-triton-node:{KUBERNETES}-{recipe.digest(places.PACKAGE / source for source in SOURCES)}"
    if not docker.has_image(tag):
        with locked("node-image"):
            if not docker.has_image(tag):
                _build(tag)
    return tag


def _build(tag: str) -> None:
    # Compilers want the processors, Debian's packages the network: both at once.
    base, _ = together(_build_base, _build_programs)
    with step(f"building {tag}"), scratch("node") as context:
        _copy_programs(ON_THE_NODE + IN_PODS, context)
        shutil.copy2(NODE_SOURCE / "store-images.sh", context)
        _save_system_images(context)
        arguments = {"BASE": base, "KUBERNETES": KUBERNETES, "PAUSE_IMAGE": system_image("pause")}
        options = [f"--build-arg={name}={value}" for name, value in arguments.items()]
        docker.build(context, tag, f"--file={NODE_SOURCE / 'Dockerfile'}", *options, log="node-image")


def _build_programs() -> None:
    gobuild.ensure(ON_THE_NODE + IN_PODS)


def _build_base() -> str:
    tag = f"sd-triton-node-base:{recipe.digest([places.PACKAGE / 'node_base'])}"
    if not docker.has_image(tag):
        base_image.ensure()
        with step(f"building {tag}"), scratch("node-base") as context:
            shutil.copytree(places.PACKAGE / "node_base", context, dirs_exist_ok=True)
            shutil.copytree(_kind_module() / "images" / "base" / "files", context / "kind")
            docker.build(context, tag, log="node-base")
    return tag


def _kind_module() -> Path:
    return gobuild.module_source(f"sigs.k8s.io/kind@{KIND}")


def _copy_programs(names: Iterable[str], context: Path) -> None:
    for name in names:
        shutil.copy2(gobuild.binary(name), context / name)


def _save_system_images(context: Path) -> None:
    for program in IN_PODS:
        source = f"--file={NODE_SOURCE / 'images.Dockerfile'}"
        docker.build(context, system_image(program), source, f"--target={program}", log="node-image")
    argv = [docker.client(), "save", "--output", context / "images.tar", *map(system_image, IN_PODS)]
    commands.run(argv, log="node-image", purpose="save the system pods' images")
