"""Whether the engine takes requests: not yet, now, or no longer."""

from __future__ import annotations

from sd_engine.errors import UnavailableError

LOADING = "The engine is starting and loads its model; try again in a few seconds."
LEAVING = "The engine is shutting down; try again, another one answers."


class Lifecycle:
    """Goes from loading to ready to leaving, never back."""

    def __init__(self) -> None:
        self._obstacle: str | None = LOADING

    @property
    def obstacle(self) -> str | None:
        """The sentence that says why no request is taken; None = ready."""
        return self._obstacle

    @property
    def is_loading(self) -> bool:
        return self._obstacle == LOADING

    def is_ready_now(self) -> None:
        self._obstacle = None

    def leaves_now(self) -> None:
        self._obstacle = LEAVING

    def check(self) -> None:
        """Raises UnavailableError unless requests are taken."""
        if self._obstacle:
            raise UnavailableError(self._obstacle)
