"""The Python client of sd-triton: send a recording, receive a timeline of who spoke when."""

from sd_client.client import diarize
from sd_client.errors import (
    ConnectionFailedError,
    InvalidRequestError,
    InvalidResponseError,
    ResponseTimeoutError,
    SdError,
    ServerError,
    ServiceUnavailableError,
    UrlError,
)
from sd_client.timeline import Segment, Timeline

__all__ = [
    "ConnectionFailedError",
    "InvalidRequestError",
    "InvalidResponseError",
    "ResponseTimeoutError",
    "SdError",
    "Segment",
    "ServerError",
    "ServiceUnavailableError",
    "Timeline",
    "UrlError",
    "diarize",
]
