"""HTTP sessions to the API server that reuse idle connections and detect dead peers."""

import socket
from typing import Any

import aiohttp
from kubernetes.aio.client.rest import RESTClientObject

IDLE_TIMEOUT_S = 60
"""Idle connections are kept, because a TLS handshake costs more than a request; the API server keeps them for 90 s."""
PEER_TIMEOUT_S = 15
"""A connection whose peer acknowledges nothing for this long is closed, and its requests fail."""


class SessionFactory(RESTClientObject):
    """Creates sessions with kubernetes.aio's TLS configuration and proxy settings, but our own connector."""

    def create(self) -> aiohttp.ClientSession:
        """Create a session with a connection pool.

        The proxy comes from the kubeconfig, as in kopf. aiohttp would read the environment's in a thread, twice for
        each request.
        """
        library: Any = self
        connector = aiohttp.TCPConnector(
            limit=library.maxsize,
            ssl=library.ssl_context,
            keepalive_timeout=IDLE_TIMEOUT_S,
            socket_factory=_keepalive_socket,
        )
        return aiohttp.ClientSession(connector=connector)

    def request_options(self) -> dict[str, Any]:
        """The proxy and TLS server name of the kubeconfig, as arguments of each request."""
        configuration: Any = self.configuration
        options = {
            "proxy": configuration.proxy,
            "proxy_headers": configuration.proxy_headers,
            "server_hostname": configuration.tls_server_name,
        }
        return {name: value for name, value in options.items() if value}


def _keepalive_socket(address: tuple[Any, ...]) -> socket.socket:
    family, kind, protocol, *_ = address
    created = socket.socket(family, kind, protocol)
    created.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in (
        (socket.TCP_KEEPIDLE, 5),
        (socket.TCP_KEEPINTVL, 5),
        (socket.TCP_KEEPCNT, 2),
        (socket.TCP_USER_TIMEOUT, PEER_TIMEOUT_S * 1000),
    ):
        created.setsockopt(socket.IPPROTO_TCP, option, value)
    return created
