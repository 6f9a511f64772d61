"""The `sd` command: prints who speaks when in a recording, and carries models to where there is no network."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from gevent.hub import Hub

from sd_client import arguments, rttm, table
from sd_client.client import diarize
from sd_client.errors import BusyError, ConnectionFailedError, NoAnswerError, RefusedError, SdError, UrlError
from sd_client.timeline import Timeline

_FAILED, _USAGE, _INTERRUPTED = 1, 2, 130
_EXIT_CODES: dict[type[SdError], int] = {
    UrlError: 3,
    ConnectionFailedError: 3,
    NoAnswerError: 3,
    RefusedError: 4,
    BusyError: 5,
}


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command and returns its exit code."""
    asked = arguments.parse(argv, os.environ)
    Hub.NOT_ERROR = (*Hub.NOT_ERROR, KeyboardInterrupt)  # gevent would print it before it comes to us
    try:
        return _run(asked)
    except SdError as error:
        return _fail(_EXIT_CODES.get(type(error), _FAILED), str(error))
    except KeyboardInterrupt:
        return _INTERRUPTED


def _run(asked: argparse.Namespace) -> int:
    if asked.command == arguments.MODEL:
        from sd_client import model_archive  # noqa: PLC0415 - nobody who sends a recording waits for it

        return model_archive.run(asked)
    return _diarize(asked)


def _diarize(asked: argparse.Namespace) -> int:
    try:
        recording = _read(asked.file)
    except OSError as error:
        return _fail(_USAGE, f"{asked.file} cannot be read: {error.strerror}.")
    _print(_rendered(_ask(recording, asked), asked, len(recording)))
    return 0


def _read(file: str) -> bytes:
    return sys.stdin.buffer.read() if file == arguments.STDIN else Path(file).read_bytes()


def _ask(recording: bytes, asked: argparse.Namespace) -> Timeline:
    return diarize(
        recording,
        url=asked.url,
        num_speakers=asked.speakers,
        min_speakers=asked.min_speakers,
        max_speakers=asked.max_speakers,
        include=asked.include,
        timeout_s=asked.timeout,
        retries=asked.retries,
    )


def _rendered(timeline: Timeline, asked: argparse.Namespace, size_bytes: int) -> str:
    name = "stdin" if asked.file == arguments.STDIN else Path(asked.file).name
    match asked.format:
        case "json":
            return timeline.to_json() + "\n"
        case "rttm":
            return rttm.to_rttm(timeline, Path(name).stem)
        case _:
            return table.render(timeline, f"{name} ({_size(size_bytes)})", _look())


def _look() -> table.Look:
    if not sys.stdout.isatty():
        return table.PLAIN
    columns = shutil.get_terminal_size().columns
    return table.Look.of_terminal(columns, colour=not os.environ.get("NO_COLOR"))


def _size(size_bytes: int) -> str:
    return f"{size_bytes / 2**20:.1f} MiB" if size_bytes >= 2**20 else f"{size_bytes / 2**10:.1f} KiB"


def _print(text: str) -> None:
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader, such as `head`, has seen enough; Python would complain once more at its exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _fail(exit_code: int, sentence: str) -> int:
    print(sentence, file=sys.stderr)
    return exit_code


if __name__ == "__main__":
    sys.exit(main())
