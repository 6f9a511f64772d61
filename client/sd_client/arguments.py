"""The command line of `sd`."""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from sd_client.client import DEFAULT_TIMEOUT_S
from sd_client.errors import UrlError
from sd_client.retry import DEFAULT_RETRIES
from sd_client.service_url import DEFAULT_URL, ServiceUrl

if TYPE_CHECKING:  # argparse has no public name for the type that `add_subparsers` returns
    _Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]

DIARIZE, MODEL = "diarize", "model"
STDIN = "-"
FORMATS = ("table", "json", "rttm")

_EXIT_CODES_AND_EXAMPLES = """\
exit codes:
  0  the timeline was printed
  1  the service failed, or its response is not a timeline
  2  the command line is invalid, or FILE cannot be read
  3  the service could not be reached, or did not respond in time
  4  the service rejected the recording or an option; the message says why
  5  the service is full or restarting, also at the last retry

environment:
  SD_URL    the service's URL, if --url is not given
  NO_COLOR  if set to any value, the output has no colour

examples:
  sd diarize meeting.wav
  sd diarize interview.mp3 --speakers 2 --format rttm > interview.rttm
  ffmpeg -v error -i talk.mkv -f flac - | sd diarize - --url http://demo.default.svc:8000
"""

_MODEL_EXIT_CODES_AND_EXAMPLES = """\
exit codes:
  0  done; the digest for pinning the model was printed
  1  failed: the model is damaged or differs from its digest, or a file or directory cannot be read or written;
     the message says which
  2  the command line is invalid

examples:
  sd model export /models/pyannote--speaker-diarization-community-1/COMMIT model.tar
  sd model import model.tar /models --digest sha256:...
"""

_UNITS_S = {"": 1, "s": 1, "m": 60, "h": 3600}


def parse(argv: Sequence[str] | None, environment: Mapping[str, str]) -> argparse.Namespace:
    """Parse the command line; exit with 2 if it is invalid, with 0 after `--help` or `--version`."""
    sd = argparse.ArgumentParser(
        prog="sd", description="Find out who spoke when in a recording, with your own sd-triton service."
    )
    sd.add_argument("--version", action="version", version=f"sd {version('sd-triton')}")
    commands = sd.add_subparsers(title="commands", metavar="COMMAND", dest="command", required=True)
    diarize = _add_diarize(commands, environment.get("SD_URL") or DEFAULT_URL)
    _add_model(commands)
    options = sd.parse_args(argv)
    if options.command == DIARIZE and options.include and options.format != "json":
        diarize.error(f"--include adds to the JSON only; write --format json, not --format {options.format}")
    return options


def _add_diarize(commands: _Commands, url: str) -> argparse.ArgumentParser:
    diarize = commands.add_parser(
        DIARIZE,
        help="print who speaks when in a recording (see sd diarize --help)",
        description="Print who speaks when in a recording.",
        epilog=_EXIT_CODES_AND_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_recording(diarize)
    _add_options(diarize)
    _add_service(diarize, url)
    return diarize


def _add_model(commands: _Commands) -> None:
    model = commands.add_parser(
        MODEL,
        help="export or import a downloaded model as one file (see sd model --help)",
        description="Export or import a downloaded model as one file, for hosts without a network.",
        epilog=_MODEL_EXIT_CODES_AND_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = model.add_subparsers(title="commands", metavar="COMMAND", dest="model_command", required=True)
    export = commands.add_parser("export", help="write a model from a cache into one file")
    export.add_argument(
        "directory", type=Path, metavar="DIRECTORY", help="the model's directory: CACHE/ORG--NAME/COMMIT"
    )
    export.add_argument("archive", type=Path, metavar="ARCHIVE", help="the file to write")
    import_ = commands.add_parser("import", help="write an exported model into a cache")
    import_.add_argument("archive", type=Path, metavar="ARCHIVE", help="the file that `sd model export` has written")
    import_.add_argument(
        "cache", type=Path, metavar="CACHE", help="the directory of all models, such as a mounted claim"
    )
    import_.add_argument("--digest", metavar="sha256:…", help="reject a model with another digest")


def _add_recording(diarize: argparse.ArgumentParser) -> None:
    diarize.add_argument("file", metavar="FILE", help="WAV, FLAC, MP3, OGG/Opus, M4A/AAC or WebM; - reads stdin")
    diarize.add_argument("--format", choices=FORMATS, default="table", help="output format (default: %(default)s)")


def _add_options(diarize: argparse.ArgumentParser) -> None:
    options = diarize.add_argument_group("options, which the service checks")
    options.add_argument("--speakers", type=int, metavar="N", help="exactly N speakers (default: determine the number)")
    options.add_argument("--min-speakers", type=int, metavar="N", help="at least N speakers")
    options.add_argument("--max-speakers", type=int, metavar="N", help="at most N speakers")
    options.add_argument(
        "--include",
        type=_list,
        default=(),
        metavar="LIST",
        help="additional results in the JSON, separated by commas: exclusive, embeddings",
    )


def _add_service(diarize: argparse.ArgumentParser, url: str) -> None:
    service = diarize.add_argument_group("service")
    service.add_argument(
        "--url",
        type=_url,
        default=url,
        help="http://HOST:PORT or grpc://HOST:PORT, with an s for TLS (default: %(default)s)",
    )
    service.add_argument(
        "--timeout",
        type=_seconds,
        default=DEFAULT_TIMEOUT_S,
        metavar="TIME",
        help="time limit of all attempts together, as 90s, 10m or 2h (default: 1h)",
    )
    service.add_argument(
        "--retries",
        type=_retries,
        default=DEFAULT_RETRIES,
        metavar="N",
        help="retries while the service is full, restarting or unreachable (default: %(default)s)",
    )


def _retries(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number")
    return int(text)


def _list(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(","))


def _seconds(text: str) -> float:
    parts = re.fullmatch(r"(\d+(?:\.\d+)?)([smh]?)", text)
    if parts is None or float(parts[1]) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time; write it like 90s, 10m or 2h")
    return float(parts[1]) * _UNITS_S[parts[2]]


def _url(text: str) -> str:
    try:
        return str(ServiceUrl.parse(text))
    except UrlError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
