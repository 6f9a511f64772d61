"""The command `sd-kit`."""

import argparse
import signal
import sys
from collections.abc import Callable

from sd_kit import cluster, commands, images, places, registry, status, tools
from sd_kit.errors import KitError
from sd_kit.steps import say
from sd_kit.versions import FOR_PEOPLE, TOOLS

INTERRUPTED = 130


def main(argv: list[str] | None = None) -> int:
    """Run one command; give its exit code."""
    arguments = _parser().parse_args(argv)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return arguments.run(arguments)
    except KitError as error:
        say(f"sd-kit: {error}")
        return 1
    except KeyboardInterrupt:
        commands.end_all()
        say("Interrupted. Run the same command again: it goes on from what is done.")
        return INTERRUPTED


def _up(_: argparse.Namespace) -> int:
    cluster.up()
    return 0


def _down(_: argparse.Namespace) -> int:
    cluster.down()
    return 0


def _push(arguments: argparse.Namespace) -> int:
    registry.ensure()
    print(registry.push(arguments.image))
    return 0


def _status(_: argparse.Namespace) -> int:
    all_runs, lines = status.report()
    print("\n".join(lines))
    return 0 if all_runs else 1


def _logs(arguments: argparse.Namespace) -> int:
    path = places.log(arguments.name or "")
    if arguments.name is None:
        print("\n".join(sorted(log.stem for log in path.parent.glob("*.log"))))
    elif not path.exists():
        raise KitError(f"There is no log called {arguments.name}. `sd-kit logs` lists those there are.")
    else:
        print(path.read_text(errors="replace"), end="")
    return 0


def _images(arguments: argparse.Namespace) -> int:
    for image in images.build(arguments.names, arguments.registry):
        print(image.name, image.reference)
    return 0


def _tools(arguments: argparse.Namespace) -> int:
    print(tools.link(arguments.names or FOR_PEOPLE))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="sd-kit", description="A real Kubernetes cluster on this machine.")
    verbs = parser.add_subparsers(required=True, metavar="COMMAND")
    _verb(verbs, "up", _up, "make docker, the registry and the cluster run; does nothing when they do")
    _verb(verbs, "down", _down, "remove the cluster and the registry's container")
    push = _verb(verbs, "push", _push, "carry one of docker's images into the cluster's registry, print its reference")
    push.add_argument("image", help="an image that docker holds, such as app:dev")
    _verb(verbs, "status", _status, "say what runs; fails when something does not")
    logs = _verb(verbs, "logs", _logs, "print a log; without a name, the names")
    logs.add_argument("name", nargs="?", help="such as cluster, dockerd or build-kubeadm")
    image = _verb(verbs, "images", _images, "build the project's images and push them, print their references")
    image.add_argument("--registry", metavar="ADDRESS", help="such as registry.example.com/team; else the kit's own")
    image.add_argument("names", nargs="*", metavar="NAME", help="folders of images/; all when none is named")
    tool = _verb(verbs, "tools", _tools, "make sure that programs exist, print the folder that holds them")
    tool.add_argument(
        "names", nargs="*", metavar="NAME", help=f"of {', '.join(TOOLS)}; default {', '.join(FOR_PEOPLE)}"
    )
    return parser


def _verb(
    verbs: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    run: Callable[[argparse.Namespace], int],
    meaning: str,
) -> argparse.ArgumentParser:
    verb = verbs.add_parser(name, help=meaning, description=meaning)
    verb.set_defaults(run=run)
    return verb


if __name__ == "__main__":
    sys.exit(main())
