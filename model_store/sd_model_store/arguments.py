"""The words of the command."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from sd_model_store.deadline import Timeouts
from sd_model_store.environment import DEFAULT_ENDPOINT

_EXIT_STATUSES = """\
exit statuses:
  0    done; stdout and the termination message hold the directory and its digest, as JSON
  1    not done; they hold the reason, a sentence, and the pages to open
  2    the command line is wrong
  143  ended by SIGTERM; the next run goes on from there

The token is read from --token-file, or from HUGGING_FACE_HUB_TOKEN; it is never an argument.
"""


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """Reads the command line; leaves with 2 and a sentence where it is wrong."""
    supply = argparse.ArgumentParser(
        prog="python -m sd_model_store",
        description="Gets a pyannote pipeline from a hub into a directory, once, checked.",
        epilog=_EXIT_STATUSES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = supply.add_subparsers(title="commands", metavar="COMMAND", dest="command", required=True)
    _add_download(commands.add_parser("download", help="fetch a pipeline from a hub into the cache"))
    verify = commands.add_parser("verify", help="check a directory that you have prepared, and print its digest")
    verify.add_argument("--directory", type=Path, required=True)
    _add_digest(verify)
    remove = commands.add_parser("remove", help="delete revisions that no service uses")
    _add_cache(remove)
    remove.add_argument("--pipeline", required=True)
    remove.add_argument("--keep", nargs="*", default=[], metavar="COMMIT", help="revisions that stay")
    export = commands.add_parser("export", help="write a revision of the cache into a tar archive")
    export.add_argument("--directory", type=Path, required=True)
    export.add_argument("--archive", type=Path, required=True)
    import_ = commands.add_parser("import", help="put an exported archive into a cache")
    import_.add_argument("--archive", type=Path, required=True)
    _add_cache(import_)
    _add_digest(import_)
    for command in commands.choices.values():
        _add_run(command)
    return supply.parse_args(argv)


def timeouts(asked: argparse.Namespace) -> Timeouts:
    defaults = Timeouts(total_s=asked.total_timeout)
    if asked.command != "download":
        return defaults
    return Timeouts(asked.silence_timeout, asked.file_timeout, asked.total_timeout)


def _add_download(download: argparse.ArgumentParser) -> None:
    download.add_argument("--pipeline", required=True, metavar="ORG/NAME")
    download.add_argument("--revision", required=True, metavar="COMMIT", help="40 hex digits, or a tag")
    download.add_argument("--endpoint", default=DEFAULT_ENDPOINT, metavar="URL", help="a mirror (%(default)s)")
    download.add_argument("--ca-bundle", type=Path, metavar="FILE", help="certificates to trust besides the system's")
    download.add_argument("--token-file", type=Path, metavar="FILE")
    _add_cache(download)
    _add_digest(download)
    download.add_argument(
        "--pin", type=Path, metavar="FILE", help="keeps there what a tag led to; the next run takes it from there"
    )
    default = Timeouts()
    for name, meaning, seconds in (
        ("silence", "without a byte", default.silence_s),
        ("file", "for one file", default.file_s),
    ):
        download.add_argument(
            f"--{name}-timeout", type=_seconds, default=seconds, metavar="S", help=f"seconds {meaning} (%(default)g)"
        )


def _add_cache(command: argparse.ArgumentParser) -> None:
    command.add_argument("--cache", type=Path, required=True, metavar="DIR")


def _add_digest(command: argparse.ArgumentParser) -> None:
    command.add_argument("--digest", metavar="sha256:…", help="refuse whatever has another digest")


def _add_run(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--total-timeout", type=_seconds, default=Timeouts().total_s, metavar="S", help="seconds in all (%(default)g)"
    )
    command.add_argument(
        "--termination-message", type=Path, metavar="FILE", help="where the result goes; a Job's: /dev/termination-log"
    )
    command.add_argument("--log-level", default="INFO", choices=("DEBUG", "INFO", "WARNING"))


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds above 0")
    return seconds
