"""The command line of `python -m sd_model_store` and `sd-server models`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from sd_model_store.deadline import Timeouts
from sd_model_store.hub.environment import DEFAULT_ENDPOINT

_EXIT_CODES = """\
exit codes:
  0    success; stdout and the termination message contain the path and its digest as JSON
  1    failure; they contain the reason, a message, and the web pages to open
  2    invalid command line
  143  ended by SIGTERM; the next run resumes the download

The access token is read from --token-file or from HUGGING_FACE_HUB_TOKEN; it is never an argument.
"""


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """Parse the command line; exit with code 2 and a message if it is invalid."""
    parser = argparse.ArgumentParser(
        prog="python -m sd_model_store",
        description="Download, verify, export, import and remove pyannote pipelines.",
        epilog=_EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", dest="command", required=True)
    _add_download(commands.add_parser("download", help="download a pipeline from a hub into a cache"))
    verify = commands.add_parser("verify", help="check a prepared model directory and print its digest")
    verify.add_argument("--directory", type=Path, required=True)
    _add_digest(verify)
    remove = commands.add_parser("remove", help="delete cached revisions of a pipeline")
    _add_cache(remove)
    remove.add_argument("--pipeline", required=True, metavar="ORG/NAME")
    remove.add_argument("--keep", nargs="*", default=[], metavar="COMMIT", help="revisions to keep")
    export = commands.add_parser("export", help="write a cached revision into a tar archive")
    export.add_argument("--directory", type=Path, required=True)
    export.add_argument("--archive", type=Path, required=True)
    import_ = commands.add_parser("import", help="unpack an exported archive into a cache")
    import_.add_argument("--archive", type=Path, required=True)
    _add_cache(import_)
    _add_digest(import_)
    for command in commands.choices.values():
        _add_common_options(command)
    return parser.parse_args(argv)


def timeouts(options: argparse.Namespace) -> Timeouts:
    """Return the timeouts of the command."""
    if options.command != "download":
        return Timeouts(total_s=options.total_timeout)
    return Timeouts(options.idle_timeout, options.file_timeout, options.total_timeout)


def _add_download(download: argparse.ArgumentParser) -> None:
    download.add_argument("--pipeline", required=True, metavar="ORG/NAME")
    download.add_argument("--revision", required=True, metavar="COMMIT", help="40 hex digits, a tag or a branch")
    download.add_argument("--endpoint", default=DEFAULT_ENDPOINT, metavar="URL", help="hub or mirror (%(default)s)")
    download.add_argument(
        "--ca-bundle", type=Path, metavar="FILE", help="PEM certificates to trust in addition to the system's"
    )
    download.add_argument("--token-file", type=Path, metavar="FILE", help="file that contains the access token")
    _add_cache(download)
    _add_digest(download)
    download.add_argument(
        "--pin", type=Path, metavar="FILE", help="file that pins the commit to which a tag or branch was resolved first"
    )
    default = Timeouts()
    for name, meaning, seconds in (
        ("idle", "without received data", default.idle_s),
        ("file", "for one file", default.file_s),
    ):
        download.add_argument(
            f"--{name}-timeout", type=_seconds, default=seconds, metavar="S", help=f"seconds {meaning} (%(default)g)"
        )


def _add_cache(command: argparse.ArgumentParser) -> None:
    command.add_argument("--cache", type=Path, required=True, metavar="DIR")


def _add_digest(command: argparse.ArgumentParser) -> None:
    command.add_argument("--digest", metavar="sha256:…", help="fail if the model has another digest")


def _add_common_options(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--total-timeout",
        type=_seconds,
        default=Timeouts().total_s,
        metavar="S",
        help="seconds for the whole run (%(default)g)",
    )
    command.add_argument(
        "--termination-message",
        type=Path,
        metavar="FILE",
        help="file for the result (/dev/termination-log in a Job's container)",
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
