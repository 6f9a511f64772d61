"""The engine's lifecycle: loading, ready, shutting down."""

from __future__ import annotations

from sd_engine.errors import SHUTTING_DOWN, UnavailableError

LOADING = "The engine is starting and loads its model; try again in a few seconds."


class Lifecycle:
    """Advances from loading to ready to shutting down, never back."""

    def __init__(self) -> None:
        self._unready_message: str | None = LOADING

    @property
    def unready_message(self) -> str | None:
        """The reason why requests are rejected, for their callers; None if the engine is ready."""
        return self._unready_message

    @property
    def is_loading(self) -> bool:
        """True until the model has been loaded."""
        return self._unready_message == LOADING

    def set_ready(self) -> None:
        """Accept requests from now on."""
        self._unready_message = None

    def begin_shutdown(self) -> None:
        """Reject new requests from now on."""
        self._unready_message = SHUTTING_DOWN

    def raise_if_unready(self) -> None:
        """Raise UnavailableError unless the engine is ready."""
        if self._unready_message:
            raise UnavailableError(self._unready_message)
