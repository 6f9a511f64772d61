"""The model repository: complete, and never changed while a Triton may use it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from sd_engine import wire
from sd_engine.serving import triton_repository
from sd_engine.settings import Settings

REPOSITORY = Path(__file__).parents[3]


@pytest.fixture
def assets(tmp_path: Path) -> Path:
    """The repository's files, arranged as in the server image."""
    assets = tmp_path / "assets"
    assets.mkdir()
    (assets / "model_repository").symlink_to(REPOSITORY / "model_repository")
    (assets / "start-triton").symlink_to(REPOSITORY / "images/server/start-triton")
    return assets


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        run_dir=tmp_path / "run", adapters=3, max_batch_size=8, preferred_batch_sizes=(1, 4), max_queue_size=5
    )


def contents(directory: Path) -> dict[str, tuple[bytes, int]]:
    """Return every file's bytes and inode."""
    files = [path for path in sorted(directory.rglob("*")) if path.is_file()]
    return {str(path.relative_to(directory)): (path.read_bytes(), path.stat().st_ino) for path in files}


def test_the_configuration_is_rendered_from_the_settings(assets: Path, settings: Settings) -> None:
    triton_repository.write(assets, settings)

    config = (settings.run_dir / "model_repository/speaker_diarization/config.pbtxt").read_text()
    assert "max_batch_size: 8" in config
    assert "count: 3" in config
    assert "preferred_batch_size: [ 1, 4 ]" in config
    assert "max_queue_size: 5" in config
    assert f'string_value: "{settings.run_dir}/engine.sock"' in config


def test_the_adapter_gets_this_engines_protocol(assets: Path, settings: Settings) -> None:
    triton_repository.write(assets, settings)

    version = settings.run_dir / "model_repository/speaker_diarization/1"
    assert (version / "model.py").is_file()
    assert (version / "wire.py").read_bytes() == Path(wire.__file__).read_bytes()


def test_the_http_limit_allows_the_largest_recording_in_base64_with_line_breaks(tmp_path: Path) -> None:
    environment = triton_repository.triton_environment(Settings(run_dir=tmp_path, max_request_bytes=3_000_000))

    assert (
        environment
        == f"MODEL_REPOSITORY={tmp_path}/model_repository\nHTTP_MAX_INPUT_SIZE_BYTES={4_210_527 + 1024 * 1024}\n"
    )


def test_writing_the_same_files_again_changes_none_of_them(assets: Path, settings: Settings) -> None:
    triton_repository.write(assets, settings)
    before = contents(settings.run_dir / "model_repository/")
    triton_repository.write(assets, settings)

    assert contents(settings.run_dir / "model_repository/") == before


def test_other_settings_leave_the_files_of_a_running_triton_unchanged(assets: Path, settings: Settings) -> None:
    triton_repository.write(assets, settings)
    in_use = (settings.run_dir / "model_repository").resolve()
    before = contents(in_use)
    triton_repository.write(assets, Settings(run_dir=settings.run_dir, adapters=4))

    assert contents(in_use) == before
    assert "count: 4" in (settings.run_dir / "model_repository/speaker_diarization/config.pbtxt").read_text()


def test_files_of_an_interrupted_start_are_replaced(assets: Path, settings: Settings) -> None:
    triton_repository.write(assets, settings)
    target = (settings.run_dir / "model_repository").readlink()
    before = {name: content for name, (content, _) in contents(settings.run_dir / target).items()}
    (settings.run_dir / target).rename(settings.run_dir / f".{target}")
    (settings.run_dir / f".{target}/speaker_diarization/1/model.py").unlink()
    triton_repository.write(assets, settings)

    assert {name: content for name, (content, _) in contents(settings.run_dir / target).items()} == before


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"SD_ADAPTERS": "many"}, "SD_ADAPTERS is 'many', which is not a whole number.\n"),
        ({"SD_ASSETS_DIR": "/nowhere"}, "Cannot write Triton's model repository from /nowhere: "),
    ],
)
def test_an_error_ends_the_process_with_a_message(tmp_path: Path, environment: dict[str, str], message: str) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "sd_engine.serving.triton_repository"],
        env=os.environ | {"SD_RUN_DIR": str(tmp_path)} | environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 1
    assert run.stderr.startswith(message)
