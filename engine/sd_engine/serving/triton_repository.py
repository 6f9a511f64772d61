"""Write the model repository and `start-triton` into the directory shared with Triton.

    RUN_DIR/model_repository -> model_repository-DIGEST/speaker_diarization/{config.pbtxt, 1/*.py}
    RUN_DIR/triton.env       what start-triton reads
    RUN_DIR/start-triton     written last: who waits for it finds the rest

Adapter and engine are then always of one version. The files of a running Triton are never touched: the same content
has the same digest and is left alone, other content goes beside it. Standard library only, so that it takes no time.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import string
from collections.abc import Mapping
from pathlib import Path

from sd_engine import wire
from sd_engine.settings import Settings, SettingsError
from sd_engine.termination_message import give_up

ASSETS_DIR = "/opt/sd/assets"
MODEL = "speaker_diarization"
REPOSITORY = "model_repository"
SOCKET_NAME = "engine.sock"
_JSON_AROUND_RECORDING_BYTES = 1024 * 1024

Files = dict[str, bytes]


def lay_out(assets_dir: Path, settings: Settings) -> None:
    """Writes everything. A second time changes nothing.

    Raises:
        OSError: the assets are not there, or the run directory cannot be written.
    """
    settings.run_dir.mkdir(parents=True, exist_ok=True)
    repository = repository_files(assets_dir, settings)
    directory = settings.run_dir / f"{REPOSITORY}-{_digest(repository)}"
    if not directory.exists():
        _write_directory(directory, repository)
    _replace_link(settings.run_dir / REPOSITORY, directory.name)
    _replace_file(settings.run_dir / "triton.env", triton_environment(settings).encode())
    _replace_file(settings.run_dir / "start-triton", (assets_dir / "start-triton").read_bytes())


def repository_files(assets_dir: Path, settings: Settings) -> Files:
    """The model repository: its files' contents by their paths within it."""
    model = assets_dir / REPOSITORY / MODEL
    config = string.Template((model / "config.pbtxt").read_text()).substitute(config_values(settings))
    # The protocol is this engine's own, whatever lies beside the adapter.
    modules = [path for path in (model / "1").glob("*.py") if path.name != "wire.py"] + [Path(wire.__file__)]
    adapter = {f"{MODEL}/1/{path.name}": path.read_bytes() for path in modules}
    return {f"{MODEL}/config.pbtxt": config.encode()} | adapter


def config_values(settings: Settings) -> Mapping[str, str]:
    """What stands for the `$names` in config.pbtxt."""
    return {
        "max_batch_size": str(settings.max_batch_size),
        "preferred_batch_sizes": ", ".join(map(str, settings.preferred_batch_sizes)),
        "adapters": str(settings.adapters),
        "max_queue_size": str(settings.max_queue_size),
        "max_request_bytes": str(settings.max_request_bytes),
        "socket_path": str(settings.run_dir / SOCKET_NAME),
    }


def triton_environment(settings: Settings) -> str:
    """Lines for a shell: where the repository is, and how large a request may be (base64 makes four bytes of three)."""
    base64_bytes = (settings.max_request_bytes + 2) // 3 * 4
    return (
        f"MODEL_REPOSITORY={settings.run_dir / REPOSITORY}\n"
        f"HTTP_MAX_INPUT_SIZE_BYTES={base64_bytes + _JSON_AROUND_RECORDING_BYTES}\n"
    )


def _digest(files: Files) -> str:
    digest = hashlib.sha256()
    for name, content in sorted(files.items()):
        digest.update(f"{name} {len(content)}\n".encode() + content)
    return digest.hexdigest()[:12]


def _write_directory(directory: Path, files: Files) -> None:
    """All or nothing: what an interrupted start left behind is never mistaken for the whole."""
    unfinished = directory.with_name(f".{directory.name}")
    shutil.rmtree(unfinished, ignore_errors=True)
    for name, content in files.items():
        path = unfinished / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    unfinished.rename(directory)


def _replace_link(path: Path, target: str) -> None:
    unfinished = path.with_name(f".{path.name}-link")
    unfinished.unlink(missing_ok=True)
    unfinished.symlink_to(target)
    unfinished.replace(path)


def _replace_file(path: Path, content: bytes) -> None:
    unfinished = path.with_name(f".{path.name}")
    unfinished.write_bytes(content)
    unfinished.replace(path)


def main() -> None:
    assets_dir = Path(os.environ.get("SD_ASSETS_DIR", ASSETS_DIR))
    try:
        lay_out(assets_dir, Settings.from_environment(os.environ))
    except SettingsError as error:
        give_up(str(error))
    except OSError as error:
        give_up(f"Cannot lay out Triton's model repository from {assets_dir}: {error}.")


if __name__ == "__main__":
    main()
