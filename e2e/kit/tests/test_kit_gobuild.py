"""The cache of programs: built once, whole or not at all, and by one process at a time."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sd_kit import gobuild, tools
from sd_kit.errors import KitError
from sd_kit.locks import locked, scratch
from sd_kit.versions import TOOLS, Tool

# Stands in for the go compiler: it notes that it was called, and writes what `go build -o DIR/ ./pause` would.
GO = """#!/bin/sh
echo called >> "{calls}"
sleep {takes_s}
while [ "$1" != "-o" ]; do shift; done
echo program > "$2/pause"
exit {code}
"""

# Knows where a module is, and notes what it finds in the folder that it is to build.
GO_WITH_A_MODULE = """#!/bin/sh
if [ "$1" = mod ]; then echo '{{"Dir": "{module}"}}'; else cat inner/both theirs ours > "{seen}"; fi
"""

BUILD = "from sd_kit import gobuild; gobuild.ensure(['pause'])"


@pytest.fixture
def fake_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    def install(*, takes_s: float = 0.0, code: int = 0) -> Path:
        calls = tmp_path / "calls"
        program = tmp_path / "bin" / "go"
        program.parent.mkdir(exist_ok=True)
        program.write_text(GO.format(calls=calls, takes_s=takes_s, code=code))
        program.chmod(0o755)
        return calls

    monkeypatch.setenv("SD_TRITON_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    return install


def test_a_program_is_built_once_and_kept_under_its_version(fake_go: Callable[..., Path], tmp_path: Path) -> None:
    calls = fake_go()
    gobuild.ensure(["pause"])
    gobuild.ensure(["pause"])
    assert calls.read_text() == "called\n"
    assert (tmp_path / "cache/bin/pause/3.10.2/pause").read_text() == "program\n"


def test_what_is_laid_over_a_module_takes_the_place_of_its_own(fake_go: Callable[..., Path], tmp_path: Path) -> None:
    module, over, made = (tmp_path / name for name in ("module", "over", "made"))
    for folder, text in ((module, "theirs"), (over, "ours")):
        (folder / "inner").mkdir(parents=True)
        (folder / "inner" / "both").write_text(text)
        (folder / text).write_text(text)
    made.mkdir()
    fake_go()
    go = tmp_path / "bin" / "go"
    go.write_text(GO_WITH_A_MODULE.format(module=module, seen=made / "seen"))
    gobuild._build("some/module@v1", [Tool("pause", "v1", "some/module/pause", "some/module@v1", str(over))], made)
    assert (made / "seen").read_text() == "ourstheirsours"
    assert (module / "inner" / "both").read_text() == "theirs"


def test_programs_of_one_module_are_built_from_one_source() -> None:
    over: dict[str, set[str]] = {}
    for tool in TOOLS.values():
        over.setdefault(tool.module, set()).add(tool.over)
    assert {module: each for module, each in over.items() if len(each) > 1} == {}


def test_a_build_that_fails_leaves_nothing_behind(fake_go: Callable[..., Path], tmp_path: Path) -> None:
    fake_go(code=3)
    with pytest.raises(KitError, match=r"Cannot build pause: it ended with code 3\. The end of .*build-pause\.log"):
        gobuild.ensure(["pause"])
    assert not gobuild.binary("pause").exists()
    assert list((tmp_path / "cache/scratch").iterdir()) == []


def test_a_second_process_waits_for_the_first_and_builds_nothing(fake_go: Callable[..., Path]) -> None:
    calls = fake_go(takes_s=0.5)
    both = [subprocess.Popen([sys.executable, "-c", BUILD]) for _ in range(2)]
    assert [process.wait(30) for process in both] == [0, 0]
    assert calls.read_text() == "called\n"


def test_a_lock_is_free_again_when_its_holder_was_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SD_TRITON_CACHE", str(tmp_path))
    hold = "import time; from sd_kit.locks import locked\nwith locked('x'): print('held', flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", hold], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        holder.kill()
    began = time.monotonic()
    with locked("x"):
        assert time.monotonic() - began < 10


def test_a_scratch_folder_is_gone_afterwards_with_what_is_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SD_TRITON_CACHE", str(tmp_path))
    with scratch("x") as path:
        (path / "half").write_text("done")
    assert not path.exists()


def test_one_folder_leads_to_all_programs(fake_go: Callable[..., Path], tmp_path: Path) -> None:
    fake_go()
    folder = tools.link(["pause"])
    assert folder == tmp_path / "cache/bin/current"
    assert (folder / "pause").resolve() == gobuild.binary("pause")


def test_an_unknown_tool_is_named() -> None:
    with pytest.raises(KitError, match="No such tool: hlem"):
        tools.link(["hlem"])
