"""Download of a pipeline into the cache: lock, access checks, free space, files, manifest, atomic rename."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

from sd_model_store import disk_space, manifest, names, provenance
from sd_model_store.cache import Cache
from sd_model_store.deadline import Deadline
from sd_model_store.errors import CorruptError
from sd_model_store.hub import preflight
from sd_model_store.hub.client import Hub
from sd_model_store.hub.preflight import DownloadPlan
from sd_model_store.hub.repository import RemoteFile
from sd_model_store.manifest import Manifest
from sd_model_store.pipeline import CONFIG
from sd_model_store.provenance import Origin, Pin
from sd_model_store.result import Result

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
) -> Result:
    """Return the pipeline at the revision from the cache, or download it in one attempt.

    With a `pin_file`, a tag or branch is resolved on the first download only; later calls use the pinned commit.

    Raises:
        ModelStoreError: The pipeline is not available; downloaded data is kept for the next attempt.
    """
    names.check_pipeline(pipeline)
    names.check_revision(revision)
    with cache.locked(deadline):
        pin = provenance.read_pin(pin_file, pipeline, revision) if pin_file else None
        commit = pin.commit if pin else revision
        result = _cached_or_downloaded(hub, cache, pipeline, commit, digest or (pin.digest if pin else None))
        if pin_file and result.origin:
            provenance.write_pin(pin_file, Pin(pipeline, revision, result.origin.commit, result.digest))
        return result


def _cached_or_downloaded(hub: Hub, cache: Cache, pipeline: str, revision: str, digest: str | None) -> Result:
    if names.is_commit(revision) and (cached := _cached(cache.revision_path(pipeline, revision), digest)):
        return cached
    with disk_space.mapped_write_errors(cache.root):
        return _download(hub, cache, preflight.plan(hub, pipeline, revision), digest)


def _cached(directory: Path, digest: str | None) -> Result | None:
    """Return the cached revision, or None if it is missing or damaged.

    Raises:
        CorruptError: It is intact and has another digest than `digest`; other services may be using it.
    """
    stored = manifest.read(directory)
    if stored is None:
        return None
    try:
        verified = manifest.verify(directory, stored.digest)
        origin = provenance.read_origin(directory)
    except CorruptError as error:
        LOG.warning("event=repair message=%r", str(error))
        return None
    _check_digest(verified, digest, origin)
    return Result(directory, verified.digest, verified.size_bytes, origin)


def _download(hub: Hub, cache: Cache, plan: DownloadPlan, digest: str | None) -> Result:
    final = cache.revision_path(plan.origin.pipeline, plan.origin.commit)
    partial = cache.partial_path(plan.origin.pipeline, plan.origin.commit)
    if cached := _cached(final, digest):
        return cached
    if final.exists():
        cache.unpublish(final, partial)
    _delete_unplanned_files(partial, plan)
    missing_bytes = sum(_missing_bytes(partial / path, file) for path, file in plan.files.items())
    disk_space.require(cache.root, missing_bytes)
    for path, file in plan.files.items():
        _download_file(hub, file, partial / path)
    downloaded = _write_manifest(partial, plan)
    _check_digest(downloaded, digest, plan.origin)
    cache.publish(partial, final)
    return Result(final, downloaded.digest, downloaded.size_bytes, plan.origin, hub.received_bytes)


def _delete_unplanned_files(partial: Path, plan: DownloadPlan) -> None:
    """Delete all files that are not part of the plan: the manifest would otherwise include them."""
    for path in _entries_below(partial):
        if path.is_symlink() or not (path.is_dir() or str(path.relative_to(partial)) in plan.files):
            path.unlink()
    for path in plan.files:
        (partial / path).parent.mkdir(parents=True, exist_ok=True)


def _entries_below(partial: Path) -> Iterator[Path]:
    return iter(sorted(partial.rglob("*"), reverse=True)) if partial.is_dir() else iter(())


def _missing_bytes(path: Path, file: RemoteFile) -> int:
    return max(0, file.size_bytes - (path.stat().st_size if path.exists() else 0))


def _download_file(hub: Hub, file: RemoteFile, path: Path) -> None:
    """Resume the download of one file; delete it if its content does not match the hub's digest.

    Raises:
        CorruptError: The content does not match.
    """
    resumed_at_bytes = path.stat().st_size if path.exists() else 0
    if _complete(hub, file, path):
        return
    path.unlink()
    # Data of an earlier run may be damaged, for example by a node crash: download the whole file once more.
    if resumed_at_bytes and _complete(hub, file, path):
        return
    path.unlink(missing_ok=True)
    raise CorruptError(
        f"The downloaded {file.path} of {file.repository} does not match the digest that the hub lists at "
        f"{file.commit}. It was deleted, and the next run downloads it again. If this repeats, a mirror or proxy "
        "modifies it."
    )


def _complete(hub: Hub, file: RemoteFile, path: Path) -> bool:
    """Append the missing bytes; return True if the file then has the size and digest that the hub lists."""
    # Unbuffered, so that a kill loses no received data.
    with path.open("ab", buffering=0) as target:
        if target.tell() < file.size_bytes:
            hub.fetch(file, target, target.tell())
    with path.open("rb") as content:
        return path.stat().st_size == file.size_bytes and file.matches(content)


def _write_manifest(partial: Path, plan: DownloadPlan) -> Manifest:
    (partial / CONFIG).write_bytes(plan.config)
    provenance.write_origin(partial, plan.origin)
    computed = manifest.compute(partial)
    (partial / manifest.FILE_NAME).write_bytes(computed.canonical())
    return computed


def _check_digest(actual: Manifest, pinned_digest: str | None, origin: Origin) -> None:
    if pinned_digest is not None and actual.digest != pinned_digest:
        raise CorruptError(
            f"{origin.pipeline} at {origin.commit} has the digest {actual.digest}, but {pinned_digest} is pinned. "
            "A repository that it uses has changed. Pin the new digest if the change is intended, or import an "
            "archive of the previous version."
        )
