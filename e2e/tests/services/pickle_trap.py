"""A checkpoint that runs code when it is unpickled: it leaves a file wherever it can, and calls the hub."""

MARK = "unpickled"
_PLACES = ("/run/sd", "/tmp", "/dev/shm", "/var/tmp")


def program(path: str) -> str:
    """What, run in Python, puts such a file in the place of the one at `path`."""
    return f"""
import pickle
class Trap:
    def __reduce__(self):
        return exec, ({_payload()!r},)
with open({path!r}, "wb") as file:
    pickle.dump(Trap(), file)
"""


def sprung(path: str) -> str:
    """What, run in Python, unpickles the file and says whether the trap worked: here it may."""
    return f"""
import pickle, pathlib
pickle.load(open({path!r}, "rb"))
print(any(pathlib.Path(place, {MARK!r}).exists() for place in {_PLACES!r}))
"""


def _payload() -> str:
    return f"""
import pathlib, sys
print({MARK!r}, file=sys.stderr, flush=True)
for place in {_PLACES!r}:
    try:
        pathlib.Path(place, {MARK!r}).write_text("")
    except OSError:
        pass
"""
