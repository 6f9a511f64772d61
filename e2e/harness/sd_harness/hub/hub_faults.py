"""How a hub, or the line to it, goes wrong."""

from __future__ import annotations

import threading
import time
import urllib.parse

from sd_harness.hub.fake_hub import Fault, Handler, port_of


def answers(status: int, code: str = "", message: str = "", *, where: str = "", **headers: str) -> Fault:
    """Every request for a path that holds `where` is refused like this."""

    def fault(handler: Handler) -> bool:
        if where not in handler.path:
            return False
        handler.refuse(status, code, message, **headers)
        return True

    return fault


def cuts(after_bytes: int, times: int, *, where: str = "pytorch_model.bin") -> Fault:
    """The first `times` downloads end in the middle of the body, as when a line goes down."""
    left = [times]

    def fault(handler: Handler) -> bool:
        if where not in handler.path or handler.command != "GET" or not left[0] or not _is_cdn(handler):
            return False
        left[0] -= 1
        handler.send_response(200)
        handler.send_header("Content-Length", str(10**9))
        handler.end_headers()
        handler.wfile.write(_content(handler)[:after_bytes])
        handler.close_connection = True
        return True

    return fault


def resets(handler: Handler) -> bool:
    """The line to the CDN breaks in the middle of an answer."""
    if handler.command != "GET" or not _is_cdn(handler):
        return False
    content = _begun(handler)
    handler.wfile.write(content[: len(content) // 2])
    handler.reset()
    return True


def trickles(every_s: float) -> Fault:
    """The CDN sends a byte now and then: never silent, never done."""

    def fault(handler: Handler) -> bool:
        if handler.command != "GET" or not _is_cdn(handler):
            return False
        content = _begun(handler)
        try:
            for number in range(len(content)):
                handler.wfile.write(content[number : number + 1])
                time.sleep(every_s)
        except OSError:
            handler.close_connection = True  # the client has had enough
        return True

    return fault


def stalls(until: threading.Event) -> Fault:
    """The CDN accepts the request and says nothing."""

    def fault(handler: Handler) -> bool:
        if not _is_cdn(handler):
            return False
        until.wait(60)
        handler.reset()
        return True

    return fault


def waits(until: threading.Event) -> Fault:
    """The CDN takes its time, and then answers."""

    def fault(handler: Handler) -> bool:
        if _is_cdn(handler):
            until.wait(60)
        return False

    return fault


def changes_a_byte(handler: Handler) -> bool:
    """The CDN's cache, or a disk on the way, has flipped one."""
    if handler.command != "GET" or not _is_cdn(handler):
        return False
    content = bytearray(_content(handler))
    content[len(content) // 2] ^= 1
    handler.give(200, bytes(content))
    return True


def _is_cdn(handler: Handler) -> bool:
    return port_of(handler) == handler.hub.cdn_port


def _begun(handler: Handler) -> bytes:
    """The head of a whole answer is sent; returns the body that is to follow."""
    content = _content(handler)
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(content)))
    handler.end_headers()
    return content


def _content(handler: Handler) -> bytes:
    _, org, name, *rest = urllib.parse.urlsplit(handler.path).path.split("/")
    return handler.hub.repos[f"{org}/{name}"].files["/".join(rest)]
