"""`sd model export` and `sd model import`: a downloaded model as one file, for clusters without network."""

from __future__ import annotations

import argparse
import sys

from sd_model_store import archive
from sd_model_store.cache import Cache
from sd_model_store.deadline import Deadline, Timeouts
from sd_model_store.errors import ModelStoreError
from sd_model_store.result import Result

_SUCCESS, _FAILURE = 0, 1


def run(options: argparse.Namespace) -> int:
    """Export or import a model, print its path and digest or an error message, and return the exit code."""
    try:
        result = _export(options) if options.model_command == "export" else _import(options)
    except ModelStoreError as error:
        print(error, file=sys.stderr)
        return _FAILURE
    print(_summary(result))
    return _SUCCESS


def _export(options: argparse.Namespace) -> Result:
    return archive.export_revision(options.directory, options.archive)


def _import(options: argparse.Namespace) -> Result:
    return archive.import_revision(options.archive, Cache(options.cache), Deadline(Timeouts()), options.digest)


def _summary(result: Result) -> str:
    model = f"{result.origin.pipeline} at {result.origin.commit}, " if result.origin else ""
    return f"{result.path} contains {model}{result.size_bytes / 1e6:.1f} MB.\nIts digest is {result.digest}."
