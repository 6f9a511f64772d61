"""The operator's process exits with the reason if a setting is missing."""

import subprocess
import sys


def test_a_missing_setting_is_the_exit_message() -> None:
    argv = [sys.executable, "-c", "from sd_operator.__main__ import main; main()"]
    completed = subprocess.run(argv, env={}, capture_output=True, text=True, check=False)
    assert completed.returncode == 1
    assert completed.stderr.startswith("The operator cannot start: SD_SERVER_IMAGE is not set")
