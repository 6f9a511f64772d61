"""The words of the `sd` command."""

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

if TYPE_CHECKING:  # argparse gives no public name to what `add_subparsers` returns
    _Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]

DIARIZE, MODEL = "diarize", "model"
STDIN = "-"
FORMATS = ("table", "json", "rttm")
EXTRAS = ("exclusive", "embeddings")

_EXIT_CODES_AND_EXAMPLES = """\
exit codes:
  0  the timeline was printed
  1  the service failed, or its answer is not a timeline
  2  the command line is wrong, or FILE cannot be read
  3  the service was not reached, or gave no answer in time
  4  the service refused the recording or the question; the message says why
  5  the service is full or restarting, also after the last retry

environment:
  SD_URL    the service, where --url does not say it
  NO_COLOR  set to anything: no colour

examples:
  sd diarize meeting.wav
  sd diarize interview.mp3 --speakers 2 --format rttm > interview.rttm
  ffmpeg -v error -i talk.mkv -f flac - | sd diarize - --url http://demo.default.svc:8000
"""

_MODEL_EXIT_CODES_AND_EXAMPLES = """\
exit codes:
  0  done; the digest to pin the model by was printed
  1  not done: the model is damaged or not the one that is pinned, or a file or folder cannot be read or written;
     the message says which
  2  the command line is wrong

examples:
  sd model export /models/pyannote--speaker-diarization-community-1/COMMIT model.tar
  sd model import model.tar /models --digest sha256:...
"""

MAX_SPEAKERS = 256
_UNITS_S = {"": 1, "s": 1, "m": 60, "h": 3600}


def parse(argv: Sequence[str] | None, environment: Mapping[str, str]) -> argparse.Namespace:
    """Reads the command line; leaves with 2 and a sentence where it is wrong, with 0 after `--help` and `--version`."""
    sd = argparse.ArgumentParser(prog="sd", description="Who spoke when, answered by your own sd-triton service.")
    sd.add_argument("--version", action="version", version=f"sd {version('sd-triton')}")
    commands = sd.add_subparsers(title="commands", metavar="COMMAND", dest="command", required=True)
    diarize = _add_diarize(commands, environment.get("SD_URL") or DEFAULT_URL)
    _add_model(commands)
    asked = sd.parse_args(argv)
    if asked.command == DIARIZE and asked.include and asked.format != "json":
        diarize.error(f"--include adds to the JSON only; write --format json, not --format {asked.format}")
    return asked


def _add_diarize(commands: _Commands, url: str) -> argparse.ArgumentParser:
    diarize = commands.add_parser(
        DIARIZE,
        help="print who speaks when in a recording (sd diarize --help says more)",
        description="Print who speaks when in a recording.",
        epilog=_EXIT_CODES_AND_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_recording(diarize)
    _add_question(diarize)
    _add_service(diarize, url)
    return diarize


def _add_model(commands: _Commands) -> None:
    model = commands.add_parser(
        MODEL,
        help="carry a downloaded model to where there is no network (sd model --help says more)",
        description="Carry a downloaded model to where there is no network.",
        epilog=_MODEL_EXIT_CODES_AND_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    ways = model.add_subparsers(title="commands", metavar="COMMAND", dest="model_command", required=True)
    export = ways.add_parser("export", help="write a model of a cache into one file")
    export.add_argument("directory", type=Path, metavar="DIRECTORY", help="the model: CACHE/ORG--NAME/COMMIT")
    export.add_argument("archive", type=Path, metavar="ARCHIVE", help="the file to write")
    import_ = ways.add_parser("import", help="put an exported model into a cache")
    import_.add_argument("archive", type=Path, metavar="ARCHIVE", help="what `sd model export` has written")
    import_.add_argument("cache", type=Path, metavar="CACHE", help="the folder of all models, such as a mounted claim")
    import_.add_argument("--digest", metavar="sha256:…", help="refuse whatever has another digest")


def _add_recording(diarize: argparse.ArgumentParser) -> None:
    diarize.add_argument("file", metavar="FILE", help="WAV, FLAC, MP3, OGG/Opus, M4A/AAC or WebM; - reads stdin")
    diarize.add_argument("--format", choices=FORMATS, default="table", help="how to print (default: %(default)s)")


def _add_question(diarize: argparse.ArgumentParser) -> None:
    question = diarize.add_argument_group("what you know and want")
    question.add_argument("--speakers", type=_count, metavar="N", help="exactly N speakers (default: find out)")
    question.add_argument("--min-speakers", type=_count, metavar="N", help="at least N speakers")
    question.add_argument("--max-speakers", type=_count, metavar="N", help="at most N speakers")
    question.add_argument(
        "--include",
        type=_extras,
        default=(),
        metavar="LIST",
        help=f"more in the JSON, with commas between: {', '.join(EXTRAS)}",
    )


def _add_service(diarize: argparse.ArgumentParser, url: str) -> None:
    service = diarize.add_argument_group("the service")
    service.add_argument(
        "--url", type=_url, default=url, help="http://HOST:PORT or grpc://HOST:PORT, with an s for TLS (%(default)s)"
    )
    service.add_argument(
        "--timeout",
        type=_seconds,
        default=DEFAULT_TIMEOUT_S,
        metavar="TIME",
        help="how long to wait in all, as 90s, 10m or 2h (default: 1h)",
    )
    service.add_argument(
        "--retries",
        type=_whole,
        default=DEFAULT_RETRIES,
        metavar="N",
        help="tries after the first while the service is busy or not reached (default: %(default)s)",
    )


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= MAX_SPEAKERS:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of speakers; it must be 1 to {MAX_SPEAKERS}")
    return int(text)


def _whole(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number")
    return int(text)


def _extras(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(","))
    if unknown := [name for name in names if name not in EXTRAS]:
        raise argparse.ArgumentTypeError(f"{unknown[0]!r} is none of: {', '.join(EXTRAS)}")
    return names


def _seconds(text: str) -> float:
    read = re.fullmatch(r"(\d+(?:\.\d+)?)([smh]?)", text)
    if read is None or float(read[1]) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time; write it like 90s, 10m or 2h")
    return float(read[1]) * _UNITS_S[read[2]]


def _url(text: str) -> str:
    try:
        return str(ServiceUrl.parse(text))
    except UrlError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
