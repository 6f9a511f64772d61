"""Environment variables of huggingface_hub; it reads them once, when it is imported."""

from __future__ import annotations

DEFAULT_ENDPOINT = "https://huggingface.co"
_VARIABLES = {
    "HF_HUB_OFFLINE": "0",  # the engine's image sets 1
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_XET": "1",  # Xet needs a second host, which mirrors lack, and has its own way to resume
    "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1",  # only the configured access token is ever sent
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_HOME": "/dev/null/huggingface",  # not a possible directory: huggingface_hub must not cache anything
}


def variables(endpoint: str) -> dict[str, str]:
    """Return the variables to set, with the endpoint: a download from a mirror sends no request to huggingface.co."""
    return _VARIABLES | {"HF_ENDPOINT": endpoint}
