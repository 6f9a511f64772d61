"""`python -m sd_model_store`: run one command once, print its result as JSON, and write the termination message."""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType
from typing import Any, NoReturn

from sd_model_store import archive, arguments, manifest, pipeline, result
from sd_model_store.cache import Cache
from sd_model_store.deadline import Deadline
from sd_model_store.errors import ModelStoreError
from sd_model_store.hub import access_token, environment
from sd_model_store.result import Result

_SUCCESS, _FAILURE, _TERMINATED = 0, 1, 143


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    options = arguments.parse(argv)
    _configure_logging(options.log_level)
    # The kernel ignores SIGTERM for a container's first process unless it installs a handler.
    signal.signal(signal.SIGTERM, _terminate)
    try:
        document, exit_code = _run(options), _SUCCESS
    except ModelStoreError as error:
        document, exit_code = result.failure_document(error), _FAILURE
    sys.stdout.write(json.dumps(document, ensure_ascii=False) + "\n")
    file = options.termination_message or result.termination_log(options.command)
    result.write_termination_message(document, file)
    return exit_code


def _terminate(_number: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(_TERMINATED)


def _configure_logging(level: str) -> None:
    logging.basicConfig(
        level=level, stream=sys.stderr, format="time=%(asctime)s level=%(levelname)s logger=%(name)s %(message)s"
    )
    if level != "DEBUG":
        logging.getLogger("httpx2").setLevel("WARNING")  # it logs every request, including signed URLs of the CDN


def _run(options: argparse.Namespace) -> dict[str, Any]:
    deadline = Deadline(arguments.timeouts(options))
    match options.command:
        case "download":
            return result.success_document(_download(options, deadline))
        case "verify":
            return result.success_document(_verify(options))
        case "remove":
            removed = Cache(options.cache).remove(deadline, options.pipeline, frozenset(options.keep))
            return {"removed": removed}
        case "export":
            return result.success_document(archive.export_revision(options.directory, options.archive))
        case _:
            cache = Cache(options.cache)
            return result.success_document(archive.import_revision(options.archive, cache, deadline, options.digest))


def _verify(options: argparse.Namespace) -> Result:
    """Check a directory that was prepared outside of the cache, and return its digest; nothing in it is changed.

    Raises:
        UnsupportedPipelineError: It contains no pipeline that the engine can load from this directory alone.
        CorruptError: A file is missing or not a regular file, or the digest differs from the given one.
    """
    directory, digest = options.directory, options.digest
    pipeline.check_directory(directory)
    verified = manifest.verify(directory, digest) if digest else manifest.compute(directory)
    return Result(directory, verified.digest, verified.size_bytes)


def _download(options: argparse.Namespace, deadline: Deadline) -> Result:
    os.environ |= environment.variables(options.endpoint)
    # huggingface_hub reads those variables when it is imported.
    from sd_model_store import download  # noqa: PLC0415
    from sd_model_store.hub import http_client  # noqa: PLC0415
    from sd_model_store.hub.client import Hub  # noqa: PLC0415

    timeouts = arguments.timeouts(options)
    http_client.configure(options.ca_bundle, deadline, timeouts)
    token = access_token.find(options.token_file, os.environ)
    return download.download(
        Hub(options.endpoint, token, deadline, timeouts),
        Cache(options.cache),
        deadline,
        pipeline=options.pipeline,
        revision=options.revision,
        digest=options.digest,
        pin_file=options.pin,
    )


if __name__ == "__main__":
    sys.exit(main())
