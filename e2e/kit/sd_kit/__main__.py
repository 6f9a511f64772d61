"""The command `sd-kit`."""

import argparse
import signal
import sys
from collections.abc import Callable

from sd_kit import paths, subprocesses, tools
from sd_kit.cluster import lifecycle, status
from sd_kit.errors import KitError
from sd_kit.images import build, registry
from sd_kit.offline.go_programs import COMMAND_LINE_TOOLS, PROGRAMS
from sd_kit.progress import print_line

EXIT_INTERRUPTED = 130


def main(argv: list[str] | None = None) -> int:
    """Run one command; return its exit code."""
    arguments = _parser().parse_args(argv)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return arguments.run(arguments)
    except KitError as error:
        print_line(f"sd-kit: {error}")
        return 1
    except KeyboardInterrupt:
        subprocesses.terminate_all()
        print_line("Interrupted. Run the same command again; it resumes after the last completed step.")
        return EXIT_INTERRUPTED


def _up(_: argparse.Namespace) -> int:
    lifecycle.up()
    return 0


def _down(_: argparse.Namespace) -> int:
    lifecycle.down()
    return 0


def _push(arguments: argparse.Namespace) -> int:
    registry.ensure()
    print(registry.push(arguments.image))
    return 0


def _status(_: argparse.Namespace) -> int:
    healthy, lines = status.report()
    print("\n".join(lines))
    return 0 if healthy else 1


def _logs(arguments: argparse.Namespace) -> int:
    path = paths.log(arguments.name or "")
    if arguments.name is None:
        print("\n".join(sorted(log.stem for log in path.parent.glob("*.log"))))
    elif not path.exists():
        raise KitError(f"The log {arguments.name} does not exist. `sd-kit logs` lists all logs.")
    else:
        print(path.read_text(errors="replace"), end="")
    return 0


def _images(arguments: argparse.Namespace) -> int:
    for image in build.build(arguments.names, arguments.registry):
        print(image.name, image.reference)
    return 0


def _tools(arguments: argparse.Namespace) -> int:
    print(tools.link(arguments.names or COMMAND_LINE_TOOLS))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="sd-kit", description="A kind cluster on this machine.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _command(commands, "up", _up, "start docker, the registry and the cluster, unless they run already")
    _command(commands, "down", _down, "remove the cluster and the registry's container")
    push = _command(commands, "push", _push, "push an image from docker to the cluster's registry; print its reference")
    push.add_argument("image", help="an image in docker, such as app:dev")
    _command(commands, "status", _status, "show the state of docker, registry and cluster; exit 1 if one is down")
    logs = _command(commands, "logs", _logs, "print a log; without a name, list all logs")
    logs.add_argument("name", nargs="?", help="such as cluster, dockerd or build-kubeadm")
    image = _command(commands, "images", _images, "build the project's images, push them, print their references")
    image.add_argument("--registry", metavar="ADDRESS", help="such as registry.example.com/team; default: the kit's")
    image.add_argument("names", nargs="*", metavar="NAME", help="folders of images/; default: all")
    tool = _command(commands, "tools", _tools, "build missing command line tools; print the folder that holds them")
    tool.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help=f"of {', '.join(PROGRAMS)}; default: {', '.join(COMMAND_LINE_TOOLS)}",
    )
    return parser


def _command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    run: Callable[[argparse.Namespace], int],
    description: str,
) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=description, description=description)
    command.set_defaults(run=run)
    return command


if __name__ == "__main__":
    sys.exit(main())
