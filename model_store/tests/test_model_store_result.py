"""The result as JSON: at most 4096 bytes as a termination message, written in a Job's container only."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sd_model_store import result
from sd_model_store.errors import TermsNotAcceptedError
from sd_model_store.provenance import Origin
from sd_model_store.result import Result


def test_a_termination_message_is_valid_json_of_limited_size() -> None:
    for message in ("x" * 10_000, 'é"\n\\' * 5000, "🙂" * 3000, "short."):
        encoded = result.termination_message({"reason": "Corrupt", "message": message, "pages": []})
        assert len(encoded) <= result.MAX_BYTES
        assert json.loads(encoded)["reason"] == "Corrupt"
        assert message.startswith(json.loads(encoded)["message"].removesuffix("…"))
    assert len(result.termination_message({"reason": "Corrupt", "message": "x" * 10_000, "pages": []})) > 4000


def test_the_termination_log_is_used_by_a_jobs_commands_only(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    log = tmp_path / "termination-log"
    monkeypatch.setattr(result, "TERMINATION_LOG", log)
    assert result.termination_log("download") is None
    log.touch()
    assert [result.termination_log(command) for command in ("download", "verify", "remove")] == [log] * 3
    assert [result.termination_log(command) for command in ("export", "import")] == [None] * 2


def test_the_document_of_a_result_names_its_origin_if_it_has_one() -> None:
    document = {"digest": "sha256:1", "path": "/model", "size_bytes": 5, "received_bytes": 2}
    assert result.success_document(Result(Path("/model"), "sha256:1", 5, None, 2)) == document
    origin = Origin("a/b", "c" * 40, {"a/b": "c" * 40})
    assert result.success_document(Result(Path("/model"), "sha256:1", 5, origin, 2)) == document | {
        "pipeline": "a/b",
        "revision": "c" * 40,
        "repositories": {"a/b": "c" * 40},
    }


def test_the_document_of_an_error_contains_its_pages() -> None:
    error = TermsNotAcceptedError("Accept the terms.", ("https://huggingface.co/a/b",))
    assert result.failure_document(error) == {
        "reason": "TermsNotAccepted",
        "message": "Accept the terms.",
        "pages": ["https://huggingface.co/a/b"],
    }
