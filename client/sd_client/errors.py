"""Exceptions of the client.

    SdError
    ├── UrlError                     the URL is not valid for this client
    ├── ConnectionFailedError *      the service could not be reached, or the connection broke
    ├── ResponseTimeoutError         the service was reached and did not respond in time
    ├── InvalidRequestError          the recording or an option is invalid; the message says what is valid
    ├── ServiceUnavailableError *    the service is full or restarting
    ├── ServerError                  the service failed, or the server is not an sd-triton service
    └── InvalidResponseError         the response is not a timeline

The client retries after errors with a `*`: the same request gives the same timeline, however often it is sent.
Every message is a sentence for the person who sent the recording.
"""

from __future__ import annotations


class SdError(Exception):
    """Any failure of this client."""


class UrlError(SdError):
    """The URL is not valid for this client."""


class ConnectionFailedError(SdError):
    """The service could not be reached, or the connection to it broke."""


class ResponseTimeoutError(SdError):
    """The service was reached and did not respond in time; a retry would take as long."""


class InvalidRequestError(SdError):
    """The service rejected the recording or an option (HTTP 400 or 413)."""


class ServiceUnavailableError(SdError):
    """The service is full or restarting (HTTP 503)."""


class ServerError(SdError):
    """The service failed (HTTP 500), or the server is not an sd-triton service."""


class InvalidResponseError(SdError):
    """The response is not a timeline."""
