"""Write Triton's model repository and start script into the directory that the engine shares with Triton.

    RUN_DIR/model_repository -> model_repository-DIGEST/speaker_diarization/{config.pbtxt, 1/*.py}
    RUN_DIR/triton.env       environment of start-triton
    RUN_DIR/start-triton     written last: once it exists, the rest is complete

The adapter therefore always has the engine's version. Files that a running Triton uses are never changed: content with
the same digest is kept, other content is written to another directory. Standard library only, to start fast.
"""

from __future__ import annotations

import hashlib
import math
import os
import shutil
import string
from collections.abc import Mapping
from pathlib import Path

from sd_engine import wire
from sd_engine.settings import Settings, SettingsError
from sd_engine.termination_message import exit_with_message

ASSETS_DIR = "/opt/sd/assets"
MODEL = "speaker_diarization"
REPOSITORY = "model_repository"
SOCKET_NAME = "engine.sock"
_JSON_OVERHEAD_BYTES = 1024 * 1024
_LINE_BREAKS_SHARE = 4 / 76
"""Size of line breaks in base64, as `base64` writes them after 76 characters: at most `\\r\\n` in JSON."""

Files = dict[str, bytes]


def write(assets_dir: Path, settings: Settings) -> None:
    """Write all files. Writing the same content again changes nothing.

    Raises:
        OSError: the assets are missing, or the run directory cannot be written.
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
    """Return the contents of the model repository's files by their relative paths."""
    model = assets_dir / REPOSITORY / MODEL
    config = string.Template((model / "config.pbtxt").read_text()).substitute(config_values(settings))
    # The protocol must be that of this engine.
    modules = [path for path in (model / "1").glob("*.py") if path.name != "wire.py"] + [Path(wire.__file__)]
    adapter = {f"{MODEL}/1/{path.name}": path.read_bytes() for path in modules}
    return {f"{MODEL}/config.pbtxt": config.encode()} | adapter


def config_values(settings: Settings) -> Mapping[str, str]:
    """Return the values of the `$names` in config.pbtxt."""
    return {
        "max_batch_size": str(settings.max_batch_size),
        "preferred_batch_sizes": ", ".join(map(str, settings.preferred_batch_sizes)),
        "adapters": str(settings.adapters),
        "max_queue_size": str(settings.max_queue_size),
        "max_request_bytes": str(settings.max_request_bytes),
        "socket_path": str(settings.run_dir / SOCKET_NAME),
    }


def triton_environment(settings: Settings) -> str:
    """Return shell variables: the repository's path and the maximum size of a request, with the recording in base64."""
    base64_bytes = (settings.max_request_bytes + 2) // 3 * 4
    line_breaks_bytes = math.ceil(base64_bytes * _LINE_BREAKS_SHARE)
    return (
        f"MODEL_REPOSITORY={settings.run_dir / REPOSITORY}\n"
        f"HTTP_MAX_INPUT_SIZE_BYTES={base64_bytes + line_breaks_bytes + _JSON_OVERHEAD_BYTES}\n"
    )


def _digest(files: Files) -> str:
    digest = hashlib.sha256()
    for name, content in sorted(files.items()):
        digest.update(f"{name} {len(content)}\n".encode() + content)
    return digest.hexdigest()[:12]


def _write_directory(directory: Path, files: Files) -> None:
    """Write a directory atomically, so that an interrupted start leaves no incomplete one."""
    temporary = directory.with_name(f".{directory.name}")
    shutil.rmtree(temporary, ignore_errors=True)
    for name, content in files.items():
        path = temporary / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    temporary.rename(directory)


def _replace_link(path: Path, target: str) -> None:
    temporary = path.with_name(f".{path.name}-link")
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(target)
    temporary.replace(path)


def _replace_file(path: Path, content: bytes) -> None:
    temporary = path.with_name(f".{path.name}")
    temporary.write_bytes(content)
    temporary.replace(path)


def main() -> None:
    """Write the files for the settings in the environment; exit with a termination message if that fails."""
    assets_dir = Path(os.environ.get("SD_ASSETS_DIR", ASSETS_DIR))
    try:
        write(assets_dir, Settings.from_environment(os.environ))
    except SettingsError as error:
        exit_with_message(str(error))
    except OSError as error:
        exit_with_message(f"Cannot write Triton's model repository from {assets_dir}: {error}.")


if __name__ == "__main__":
    main()
