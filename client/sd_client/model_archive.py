"""`sd model export` and `sd model import`: a downloaded model as one file, for hosts without a network."""

from __future__ import annotations

import argparse
import sys

from sd_model_store import archive
from sd_model_store.cache import Cache
from sd_model_store.deadline import Deadline, Timeouts
from sd_model_store.errors import SupplyError
from sd_model_store.result import Supplied

_DONE, _FAILED = 0, 1


def run(options: argparse.Namespace) -> int:
    """Run the command, print where the model is or why it failed, and return the exit code."""
    try:
        supplied = _export(options) if options.model_command == "export" else _import(options)
    except SupplyError as error:
        print(error, file=sys.stderr)
        return _FAILED
    print(_summary(supplied))
    return _DONE


def _export(options: argparse.Namespace) -> Supplied:
    return archive.export(options.directory, options.archive)


def _import(options: argparse.Namespace) -> Supplied:
    return archive.import_(options.archive, Cache(options.cache), Deadline(Timeouts()), options.digest)


def _summary(supplied: Supplied) -> str:
    of = f"{supplied.origin.pipeline} at {supplied.origin.commit}, " if supplied.origin else ""
    return f"{supplied.place} holds {of}{supplied.size_bytes / 1e6:.1f} MB.\nIts digest is {supplied.digest}."
