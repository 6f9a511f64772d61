"""`sd model export` and `sd model import`: a downloaded model as one file, for where there is no network."""

from __future__ import annotations

import argparse
import sys

from sd_model_store import archive
from sd_model_store.cache import Cache
from sd_model_store.deadline import Deadline, Timeouts
from sd_model_store.errors import SupplyError
from sd_model_store.result import Supplied

_DONE, _FAILED = 0, 1


def run(asked: argparse.Namespace) -> int:
    """Does what was asked for and says where the model is, or why not; returns the exit code."""
    try:
        supplied = _export(asked) if asked.model_command == "export" else _import(asked)
    except SupplyError as error:
        print(error, file=sys.stderr)
        return _FAILED
    print(_sentence(supplied))
    return _DONE


def _export(asked: argparse.Namespace) -> Supplied:
    return archive.export(asked.directory, asked.archive)


def _import(asked: argparse.Namespace) -> Supplied:
    return archive.import_(asked.archive, Cache(asked.cache), Deadline(Timeouts()), asked.digest)


def _sentence(supplied: Supplied) -> str:
    of = f"{supplied.origin.pipeline} at {supplied.origin.commit}, " if supplied.origin else ""
    return f"{supplied.place} holds {of}{supplied.size_bytes / 1e6:.1f} MB.\nIts digest is {supplied.digest}."
