"""The messages: all repositories and pages are in one sentence, and a hub's message is on one short line."""

from __future__ import annotations

from sd_model_store.hub import messages
from sd_model_store.hub.messages import HubRequest

REQUEST = HubRequest("https://hub.example", "a/b", "main", has_token=True)


def test_the_terms_of_one_repository_are_named_with_their_page() -> None:
    error = messages.terms_not_accepted(("a/b",))
    assert str(error) == (
        "Access to a/b requires accepting its terms at https://huggingface.co/a/b with the account of this token."
    )
    assert error.pages == ("https://huggingface.co/a/b",)


def test_the_terms_of_several_repositories_are_in_one_message() -> None:
    error = messages.terms_not_accepted(("a/b", "c/d", "e/f"))
    assert str(error) == (
        "Access to a/b, c/d and e/f requires accepting their terms at https://huggingface.co/a/b, "
        "https://huggingface.co/c/d and https://huggingface.co/e/f with the account of this token."
    )
    assert len(error.pages) == 3


def test_a_long_message_of_the_hub_is_truncated_to_one_line() -> None:
    error = messages.request_failed(REQUEST, 500, "first\nsecond " + "x" * 1000)
    assert "(HTTP 500: first second xxx" in str(error)
    assert "…) for a/b. Retry later." in str(error)
    assert len(str(error)) < 300


def test_a_failure_without_a_message_has_its_status_only() -> None:
    assert str(messages.request_failed(REQUEST, 503, None)) == (
        "https://hub.example failed (HTTP 503) for a/b. Retry later."
    )
