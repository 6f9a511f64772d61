"""The `sd` command: print the timeline of a recording; export and import models for hosts without a network."""

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
from sd_client.errors import (
    ConnectionFailedError,
    InvalidRequestError,
    ResponseTimeoutError,
    SdError,
    ServiceUnavailableError,
    UrlError,
)
from sd_client.timeline import Timeline

_FAILED, _USAGE, _INTERRUPTED = 1, 2, 130
_EXIT_CODES: dict[type[SdError], int] = {
    UrlError: 3,
    ConnectionFailedError: 3,
    ResponseTimeoutError: 3,
    InvalidRequestError: 4,
    ServiceUnavailableError: 5,
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    options = arguments.parse(argv, os.environ)
    Hub.NOT_ERROR = (*Hub.NOT_ERROR, KeyboardInterrupt)  # otherwise gevent prints its traceback
    try:
        return _run(options)
    except SdError as error:
        return _fail(_EXIT_CODES.get(type(error), _FAILED), str(error))
    except KeyboardInterrupt:
        return _INTERRUPTED


def _run(options: argparse.Namespace) -> int:
    if options.command == arguments.MODEL:
        from sd_client import model_archive  # noqa: PLC0415 - its imports take time that `sd diarize` does not need

        return model_archive.run(options)
    return _diarize(options)


def _diarize(options: argparse.Namespace) -> int:
    try:
        recording = _read(options.file)
    except OSError as error:
        return _fail(_USAGE, f"{options.file} cannot be read: {error.strerror}.")
    _print(_format(_send(recording, options), options, len(recording)))
    return 0


def _read(file: str) -> bytes:
    return sys.stdin.buffer.read() if file == arguments.STDIN else Path(file).read_bytes()


def _send(recording: bytes, options: argparse.Namespace) -> Timeline:
    return diarize(
        recording,
        url=options.url,
        num_speakers=options.speakers,
        min_speakers=options.min_speakers,
        max_speakers=options.max_speakers,
        include=options.include,
        timeout_s=options.timeout,
        retries=options.retries,
    )


def _format(timeline: Timeline, options: argparse.Namespace, size_bytes: int) -> str:
    name = "stdin" if options.file == arguments.STDIN else Path(options.file).name
    match options.format:
        case "json":
            return timeline.to_json() + "\n"
        case "rttm":
            return rttm.to_rttm(timeline, Path(name).stem)
        case _:
            return table.render(timeline, f"{name} ({_size(size_bytes)})", _table_style())


def _table_style() -> table.TableStyle:
    if not sys.stdout.isatty():
        return table.PLAIN
    columns = shutil.get_terminal_size().columns
    return table.TableStyle.for_terminal(columns, colour=not os.environ.get("NO_COLOR"))


def _size(size_bytes: int) -> str:
    return f"{size_bytes / 2**20:.1f} MiB" if size_bytes >= 2**20 else f"{size_bytes / 2**10:.1f} KiB"


def _print(text: str) -> None:
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except (
        BrokenPipeError
    ):  # the reader, such as `head`, has ended; without this Python reports the error again at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _fail(exit_code: int, message: str) -> int:
    print(message, file=sys.stderr)
    return exit_code


if __name__ == "__main__":
    sys.exit(main())
