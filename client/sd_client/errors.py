"""All that can go wrong between a recording and its timeline.

    SdError
    ├── UrlError                 the URL is not one that the client can use
    ├── ConnectionFailedError *  the service was not reached, or the connection broke
    ├── NoAnswerError            the service was reached and gave no answer in time
    ├── RefusedError             the recording or the question is wrong; the message says what would be right
    ├── BusyError             *  the service is full or restarting
    ├── ServerError              the service failed, or what answered is not the service
    └── AnswerError              the answer is not a timeline

`*` is worth another try: the same request gives the same timeline, however often it is sent.
Every message is a sentence for the person who sent the recording.
"""

from __future__ import annotations


class SdError(Exception):
    """Any failure of this client."""


class UrlError(SdError):
    """The URL is not one that the client can use."""


class ConnectionFailedError(SdError):
    """The service was not reached, or the connection to it broke."""


class NoAnswerError(SdError):
    """The service was reached and gave no answer in time; asking again would only wait as long."""


class RefusedError(SdError):
    """The service refused the recording or the question (HTTP 400)."""


class BusyError(SdError):
    """The service is full or restarting (HTTP 503)."""


class ServerError(SdError):
    """The service failed (HTTP 500), or what answered is not the service."""


class AnswerError(SdError):
    """The service answered with something that is not a timeline."""
