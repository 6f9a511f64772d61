"""`python -m sd_model_store`: one attempt, one result, and last words for whoever reads them."""

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

from sd_model_store import adopt, archive, arguments, environment, removal, termination, token
from sd_model_store.cache import Cache
from sd_model_store.deadline import Deadline
from sd_model_store.errors import SupplyError
from sd_model_store.result import Supplied

_DONE, _NOT_DONE, _ENDED = 0, 1, 143


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command and returns its exit status."""
    asked = arguments.parse(argv)
    _log(asked.log_level)
    # The first process of a container is not ended by a signal that it does not handle.
    signal.signal(signal.SIGTERM, _end)
    try:
        document, status = _run(asked), _DONE
    except SupplyError as error:
        document, status = termination.of_failure(error), _NOT_DONE
    sys.stdout.write(json.dumps(document, ensure_ascii=False) + "\n")
    termination.write(document, asked.termination_message or termination.file_of(asked.command))
    return status


def _end(_number: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(_ENDED)


def _log(level: str) -> None:
    logging.basicConfig(
        level=level, stream=sys.stderr, format="time=%(asctime)s level=%(levelname)s logger=%(name)s %(message)s"
    )
    if level != "DEBUG":
        logging.getLogger("httpx2").setLevel("WARNING")  # a line for each request, with the CDN's signed URLs


def _run(asked: argparse.Namespace) -> dict[str, Any]:
    deadline = Deadline(arguments.timeouts(asked))
    match asked.command:
        case "download":
            return termination.of_success(_download(asked, deadline))
        case "verify":
            return termination.of_success(adopt.adopt(asked.directory, asked.digest))
        case "remove":
            return {"removed": removal.remove(Cache(asked.cache), deadline, asked.pipeline, frozenset(asked.keep))}
        case "export":
            return termination.of_success(archive.export(asked.directory, asked.archive))
        case _:
            return termination.of_success(archive.import_(asked.archive, Cache(asked.cache), deadline, asked.digest))


def _download(asked: argparse.Namespace, deadline: Deadline) -> Supplied:
    os.environ |= environment.of_hub_client(asked.endpoint)
    from sd_model_store import download, hub_client  # noqa: PLC0415 - the hub's client reads those variables when imported
    from sd_model_store.hub import Hub  # noqa: PLC0415

    timeouts = arguments.timeouts(asked)
    hub_client.use(asked.ca_bundle, deadline, timeouts)
    hub = Hub(asked.endpoint, token.find(asked.token_file, os.environ), deadline, timeouts)
    cache = Cache(asked.cache)
    return download.download(
        hub,
        cache,
        deadline,
        pipeline=asked.pipeline,
        revision=asked.revision,
        digest=asked.digest,
        pin_file=asked.pin,
    )


if __name__ == "__main__":
    sys.exit(main())
