"""Names, labels and references follow the syntax of Kubernetes, of container registries and of model hubs."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError
from sd_operator.api import names

DIGEST = "sha256:" + "0" * 64

CASES: dict[str, tuple[Any, list[str], list[str]]] = {
    "object name": (names.ObjectName, ["a", "a.b-c", "9", "a" * 253], ["", "A", "a..b", "-a", "a-", "a/b", "a" * 254]),
    "host name": (names.HostName, ["a", "a.b-c.example"], ["10.0.0.1", "https://a", "a.1", "A"]),
    "resource name": (names.ResourceName, ["nvidia.com/gpu", "nvidia.com/mig-1g.10gb"], ["gpu", "/gpu", "a/b/c"]),
    "label key": (names.LabelKey, ["zone", "example.com/Zone_1"], ["", "a/b/c", "a b", "é"]),
    "label value": (names.LabelValue, ["", "a", "A-b_c.d", "a" * 63], ["-a", "a-", "a b", "a" * 64]),
    "image": (
        names.ImageReference,
        [
            "nvcr.io/nvidia/tritonserver:26.07-py3",
            "localhost:5000/a/b_c/d--e.f:V1",
            "tritonserver",
            f"a:1@{DIGEST}",
        ],
        ["a" * 513, "registry.example/a:", "/a", "a/B", "a\n", "a@sha256:0123"],
    ),
    "pipeline": (names.PipelineName, ["pyannote/speaker-diarization-3.1"], ["pyannote", "a/b@2.1", "a/..b", "a/b/c"]),
    "revision": (names.Revision, ["main", "refs/pr/1", "c0ffee"], ["", "-a", "a b"]),
    "endpoint": (
        names.Endpoint,
        ["https://huggingface.co", "http://mirror:8080/hf"],
        ["https://hub.example/", "https://me:secret@hub.example", "https://hub.example?a=b", "ftp://hub.example"],
    ),
    "object key": (names.ObjectKey, ["token", "ca.crt", "a_b-C"], ["", "a/b", "a b"]),
    "model digest": (names.ModelDigest, [DIGEST], ["sha256:abc", "0" * 64, DIGEST.upper()]),
}


@pytest.mark.parametrize(("kind", "valid", "invalid"), CASES.values(), ids=CASES)
def test_syntax(kind: Any, valid: list[str], invalid: list[str]) -> None:
    adapter = TypeAdapter[str](kind)
    assert [adapter.validate_python(text) for text in valid] == valid
    for text in invalid:
        with pytest.raises(ValidationError):
            adapter.validate_python(text)


def test_labels_and_annotations_validate_their_keys() -> None:
    assert TypeAdapter(names.Labels).validate_python({"example.com/team": "a"}) == {"example.com/team": "a"}
    with pytest.raises(ValidationError, match="each key must be a label key"):
        TypeAdapter(names.Labels).validate_python({"a b": "c"})
    with pytest.raises(ValidationError, match=r"the prefix sd-triton\.dev/ is reserved"):
        TypeAdapter(names.Annotations).validate_python({"sd-triton.dev/applied": "x"})
