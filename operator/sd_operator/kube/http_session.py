"""Connections to the API server that outlast a quiet minute, and notice when the other end is gone."""

import socket
from typing import Any

import aiohttp
from kubernetes.aio.client.rest import RESTClientObject

IDLE_S = 60
"""A new TLS connection costs more than a request. The API server keeps idle ones for 90 s."""
DEAD_AFTER_S = 15
"""After so long without a sign of life from the other end a connection is given up, whatever is under way on it."""


class Pool(RESTClientObject):
    """The library's reading of a configuration: certificates, client keys, names. The connections are our own."""

    def session(self) -> aiohttp.ClientSession:
        """A new pool of connections.

        A proxy is what a kubeconfig says, as for kopf. aiohttp would read the environment's in a thread, twice for
        each request.
        """
        library: Any = self
        connector = aiohttp.TCPConnector(
            limit=library.maxsize,
            ssl=library.ssl_context,
            keepalive_timeout=IDLE_S,
            socket_factory=_watched_socket,
        )
        return aiohttp.ClientSession(connector=connector)

    def proxy_and_name(self) -> dict[str, Any]:
        """What a kubeconfig says about the way to the API server."""
        configuration: Any = self.configuration
        said = {
            "proxy": configuration.proxy,
            "proxy_headers": configuration.proxy_headers,
            "server_hostname": configuration.tls_server_name,
        }
        return {name: value for name, value in said.items() if value}


def _watched_socket(address: tuple[Any, ...]) -> socket.socket:
    family, kind, protocol, *_ = address
    made = socket.socket(family, kind, protocol)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in (
        (socket.TCP_KEEPIDLE, 5),
        (socket.TCP_KEEPINTVL, 5),
        (socket.TCP_KEEPCNT, 2),
        (socket.TCP_USER_TIMEOUT, DEAD_AFTER_S * 1000),
    ):
        made.setsockopt(socket.IPPROTO_TCP, option, value)
    return made
