"""The lifecycle: requests are accepted only between loading and shutdown."""

from __future__ import annotations

import pytest
from sd_engine.errors import SHUTTING_DOWN, UnavailableError
from sd_engine.serving.lifecycle import LOADING, Lifecycle


def test_requests_are_rejected_while_the_model_loads() -> None:
    lifecycle = Lifecycle()

    assert lifecycle.is_loading
    assert lifecycle.unready_message == LOADING
    with pytest.raises(UnavailableError, match="loads its model"):
        lifecycle.raise_if_unready()


def test_a_ready_engine_accepts_requests() -> None:
    lifecycle = Lifecycle()
    lifecycle.set_ready()

    assert not lifecycle.is_loading
    assert lifecycle.unready_message is None
    lifecycle.raise_if_unready()


def test_requests_are_rejected_after_the_shutdown_has_begun() -> None:
    lifecycle = Lifecycle()
    lifecycle.set_ready()
    lifecycle.begin_shutdown()

    assert not lifecycle.is_loading
    assert lifecycle.unready_message == SHUTTING_DOWN
    with pytest.raises(UnavailableError, match="shutting down"):
        lifecycle.raise_if_unready()
