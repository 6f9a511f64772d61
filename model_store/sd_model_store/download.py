"""From a hub to a verified directory: lock, preflight, space, files, manifest, and the name last."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

from sd_model_store import manifest, names, origin, pin, preflight, space
from sd_model_store.cache import Cache
from sd_model_store.deadline import Deadline
from sd_model_store.errors import CorruptError
from sd_model_store.hub import Hub, RemoteFile
from sd_model_store.manifest import Manifest
from sd_model_store.origin import Origin
from sd_model_store.pin import Pin
from sd_model_store.pipeline import CONFIG
from sd_model_store.preflight import Plan
from sd_model_store.result import Supplied

LOG = logging.getLogger("sd_model_store")


def download(
    hub: Hub,
    cache: Cache,
    deadline: Deadline,
    *,
    pipeline: str,
    revision: str,
    digest: str | None = None,
    pin_file: Path | None = None,
) -> Supplied:
    """The pipeline at the revision, from the cache if it is there; else one attempt to get it.

    With a `pin_file`, what a tag led to the first time is what it leads to ever after.

    Raises:
        SupplyError: it is not there; what has arrived stays for the next attempt.
    """
    names.check_pipeline(pipeline)
    names.check_revision(revision)
    with cache.locked(deadline):
        pinned = pin.read(pin_file, pipeline, revision) if pin_file else None
        commit = pinned.commit if pinned else revision
        supplied = _supplied(hub, cache, pipeline, commit, digest or (pinned.digest if pinned else None))
        if pin_file and supplied.origin:
            pin.write(pin_file, Pin(pipeline, revision, supplied.origin.commit, supplied.digest))
        return supplied


def _supplied(hub: Hub, cache: Cache, pipeline: str, revision: str, digest: str | None) -> Supplied:
    if names.is_commit(revision) and (cached := _cached(cache.revision(pipeline, revision), digest)):
        return cached
    with space.writing(cache.root):
        return _download(hub, cache, preflight.plan(hub, pipeline, revision), digest)


def _cached(directory: Path, digest: str | None) -> Supplied | None:
    """What is there and whole; None = nothing, or something that must be repaired.

    Raises:
        CorruptError: it is whole, and not what is pinned; other services may well be using it.
    """
    known = manifest.stored(directory)
    if known is None:
        return None
    try:
        found = manifest.verify(directory, known.digest)
        where_from = origin.read(directory)
    except CorruptError as error:
        LOG.warning("event=repair message=%r", str(error))
        return None
    _check_pinned(found, digest, where_from)
    return Supplied(directory, found.digest, found.size_bytes, where_from)


def _download(hub: Hub, cache: Cache, plan: Plan, digest: str | None) -> Supplied:
    final = cache.revision(plan.origin.pipeline, plan.origin.commit)
    work = cache.work(plan.origin.pipeline, plan.origin.commit)
    if cached := _cached(final, digest):
        return cached
    if final.exists():
        cache.take_back(final, work)
    _keep_only(work, plan)
    space.require(cache.root, sum(_missing_bytes(work / path, file) for path, file in plan.files.items()))
    for path, file in plan.files.items():
        _fetch(hub, file, work / path)
    sealed = _seal(work, plan)
    _check_pinned(sealed, digest, plan.origin)
    cache.publish(work, final)
    return Supplied(final, sealed.digest, sealed.size_bytes, plan.origin, hub.received_bytes)


def _keep_only(work: Path, plan: Plan) -> None:
    """Leaves nothing in the directory but what is to be fetched into it: all else would come under the manifest."""
    for path in _below(work):
        if path.is_symlink() or not (path.is_dir() or str(path.relative_to(work)) in plan.files):
            path.unlink()
    for path in plan.files:
        (work / path).parent.mkdir(parents=True, exist_ok=True)


def _below(work: Path) -> Iterator[Path]:
    return iter(sorted(work.rglob("*"), reverse=True)) if work.is_dir() else iter(())


def _missing_bytes(path: Path, file: RemoteFile) -> int:
    return max(0, file.size_bytes - (path.stat().st_size if path.exists() else 0))


def _fetch(hub: Hub, file: RemoteFile, path: Path) -> None:
    """Goes on where an earlier run ended; what then is not what the hub promised is thrown away."""
    had_bytes = path.stat().st_size if path.exists() else 0
    if _arrives(hub, file, path):
        return
    path.unlink()
    if had_bytes and _arrives(hub, file, path):
        return  # it was what had been there before, from a node that crashed, say
    path.unlink(missing_ok=True)
    raise CorruptError(
        f"{file.path} of {file.repository} is not what the hub says it is at {file.commit}. It has been thrown "
        "away; the next run fetches it anew. If that happens again, the mirror or the proxy changes it."
    )


def _arrives(hub: Hub, file: RemoteFile, path: Path) -> bool:
    """Whether the file is whole once what is missing has been appended."""
    # Unbuffered, so that a kill costs nothing that has arrived.
    with path.open("ab", buffering=0) as into:
        if into.tell() < file.size_bytes:
            hub.fetch(file, into, into.tell())
    return _is_whole(path, file)


def _is_whole(path: Path, file: RemoteFile) -> bool:
    with path.open("rb") as content:
        return path.stat().st_size == file.size_bytes and file.is_in(content)


def _seal(work: Path, plan: Plan) -> Manifest:
    (work / CONFIG).write_bytes(plan.config)
    plan.origin.write(work)
    sealed = manifest.take(work)
    (work / manifest.FILE_NAME).write_bytes(sealed.canonical())
    return sealed


def _check_pinned(sealed: Manifest, digest: str | None, of: Origin) -> None:
    if digest is not None and sealed.digest != digest:
        raise CorruptError(
            f"{of.pipeline} at {of.commit} now has the digest {sealed.digest}, and {digest} is pinned. A repository "
            "that it takes files from has changed. Pin the new digest if that was meant, or import an archive of "
            "the old one."
        )
