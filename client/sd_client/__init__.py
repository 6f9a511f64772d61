"""The Python client of sd-triton: a recording in, a timeline of who spoke when out."""

from sd_client.client import diarize
from sd_client.errors import (
    AnswerError,
    BusyError,
    ConnectionFailedError,
    NoAnswerError,
    RefusedError,
    SdError,
    ServerError,
    UrlError,
)
from sd_client.timeline import Segment, Timeline

__all__ = [
    "AnswerError",
    "BusyError",
    "ConnectionFailedError",
    "NoAnswerError",
    "RefusedError",
    "SdError",
    "Segment",
    "ServerError",
    "Timeline",
    "UrlError",
    "diarize",
]
