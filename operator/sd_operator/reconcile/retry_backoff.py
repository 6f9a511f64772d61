"""Which services the API server refused something for: they are tried again, all together at a bounded pace.

That the cause has gone (a quota raised, a policy lifted) is no event of any watched object. A few such services are
tried so often that they heal within ten seconds; with hundreds of them the API server is not asked more often than it
is for forty.
"""

from dataclasses import dataclass, field

from sd_operator.kube.cache import Key

AGAIN_S = 8.0
TRIES_PER_S = 5.0
"""Of all services together."""


@dataclass(slots=True)
class Refused:
    """The services that something was refused for at their last look."""

    _keys: set[Key] = field(default_factory=set[Key])

    def pause_s(self, key: Key, *, refused: bool) -> float | None:
        """For how long to wait before the next try; None where nothing was refused."""
        (self._keys.add if refused else self._keys.discard)(key)
        return max(AGAIN_S, len(self._keys) / TRIES_PER_S) if refused else None
