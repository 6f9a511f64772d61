"""What the hub's client reads when it is imported: said once, before that."""

from __future__ import annotations

HUB_CLIENT = {
    "HF_HUB_OFFLINE": "0",  # the engine's image says 1; to go online is what this part is for
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_XET": "1",  # a second protocol to a second host, which mirrors lack and which resumes by itself
    "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1",  # only the token that was given is ever sent
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_HOME": "/dev/null/huggingface",  # nothing is kept anywhere but in the cache; no directory can be made here
}
"""Not to be told otherwise."""

DEFAULT_ENDPOINT = "https://huggingface.co"


def of_hub_client(endpoint: str) -> dict[str, str]:
    """The variables; with the endpoint, so that a run against a mirror asks huggingface.co nothing at all."""
    return HUB_CLIENT | {"HF_ENDPOINT": endpoint}
