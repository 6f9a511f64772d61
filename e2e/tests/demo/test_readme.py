"""The README's examples, run as they are written."""

import re
import subprocess
from pathlib import Path

import pytest
from sd_kit import paths

_BLOCK = re.compile(r"^<!-- runs -->\n```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
EXAMPLES = _BLOCK.findall((paths.REPOSITORY / "README.md").read_text())


def test_the_readme_has_a_curl_and_two_python_examples() -> None:
    assert [language for language, _ in EXAMPLES].count("python") >= 2
    assert any("curl" in code for language, code in EXAMPLES if language == "sh")


@pytest.mark.parametrize(("language", "code"), EXAMPLES)
def test_an_example_of_the_readme_prints_a_timeline(
    language: str, code: str, conversation_path: Path, tmp_path: Path
) -> None:
    (tmp_path / "meeting.wav").write_bytes(conversation_path.read_bytes())
    command = {"sh": ["bash", "-euo", "pipefail", "-c"], "python": ["python", "-c"]}[language]
    completed = subprocess.run([*command, code], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=240)
    assert completed.returncode == 0, completed.stderr
    assert "SPEAKER_02" in completed.stdout
