"""Faults of the fake hub or of the connection to it."""

from __future__ import annotations

import threading
import time
import urllib.parse

from sd_harness.hub.hub_handler import Handler
from sd_harness.hub.hub_state import Fault

MAX_WAIT_S = 60


def error_response(status: int, code: str = "", message: str = "", *, path: str = "", **headers: str) -> Fault:
    """Send this error response to every request whose path contains `path`."""

    def fault(handler: Handler) -> bool:
        if path not in handler.path:
            return False
        handler.respond_error(status, code, message, **headers)
        return True

    return fault


def incomplete_response(after_bytes: int, times: int, *, path: str = "pytorch_model.bin") -> Fault:
    """Close the connection after `after_bytes` of the body, for the first `times` downloads from the CDN."""
    remaining = [times]

    def fault(handler: Handler) -> bool:
        if path not in handler.path or handler.command != "GET" or not remaining[0] or not handler.is_cdn:
            return False
        remaining[0] -= 1
        handler.send_response(200)
        handler.send_header("Content-Length", str(10**9))
        handler.end_headers()
        handler.wfile.write(_content(handler)[:after_bytes])
        handler.close_connection = True
        return True

    return fault


def connection_reset(handler: Handler) -> bool:
    """Reset the connection to the CDN in the middle of the body."""
    if handler.command != "GET" or not handler.is_cdn:
        return False
    content = _send_head(handler)
    handler.wfile.write(content[: len(content) // 2])
    handler.reset_connection()
    return True


def slow_response(interval_s: float) -> Fault:
    """Send one byte every `interval_s` from the CDN: never idle, and not finished in any useful time."""

    def fault(handler: Handler) -> bool:
        if handler.command != "GET" or not handler.is_cdn:
            return False
        content = _send_head(handler)
        try:
            for position in range(len(content)):
                handler.wfile.write(content[position : position + 1])
                time.sleep(interval_s)
        except OSError:
            handler.close_connection = True  # the client has closed the connection
        return True

    return fault


def no_response(until: threading.Event) -> Fault:
    """Accept requests to the CDN and never respond."""

    def fault(handler: Handler) -> bool:
        if not handler.is_cdn:
            return False
        until.wait(MAX_WAIT_S)
        handler.reset_connection()
        return True

    return fault


def delayed_response(until: threading.Event) -> Fault:
    """Delay the responses of the CDN until the event is set."""

    def fault(handler: Handler) -> bool:
        if handler.is_cdn:
            until.wait(MAX_WAIT_S)
        return False

    return fault


def corrupt_content(handler: Handler) -> bool:
    """Flip one bit of every file from the CDN."""
    if handler.command != "GET" or not handler.is_cdn:
        return False
    content = bytearray(_content(handler))
    content[len(content) // 2] ^= 1
    handler.respond(200, bytes(content))
    return True


def _send_head(handler: Handler) -> bytes:
    """Send the head of a complete response; return the body to send."""
    content = _content(handler)
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(content)))
    handler.end_headers()
    return content


def _content(handler: Handler) -> bytes:
    _, org, name, *rest = urllib.parse.urlsplit(handler.path).path.split("/")
    return handler.hub.repositories[f"{org}/{name}"].files["/".join(rest)]
