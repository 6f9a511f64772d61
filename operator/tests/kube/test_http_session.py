"""Sessions detect a peer that no longer responds, and use the proxy of the kubeconfig."""

import socket
from typing import Any

from sd_harness.control_plane.fake_api_server import configuration, connected
from sd_harness.services.live_objects import deployment
from sd_operator.kube.http_session import PEER_TIMEOUT_S, SessionFactory


async def test_connections_are_closed_when_their_peer_is_silent() -> None:
    async with connected() as (kube, _, _):
        await kube.apply(deployment(1))
        session: Any = kube._connection._session
        [[(protocol, _)]] = session.connector._conns.values()
        connected_socket = protocol.transport.get_extra_info("socket")
        assert connected_socket.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        timeout_ms = connected_socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
        assert timeout_ms == PEER_TIMEOUT_S * 1000


def test_the_proxy_and_the_server_name_come_from_the_kubeconfig() -> None:
    settings: Any = configuration("https://127.0.0.1:1")
    settings.proxy, settings.tls_server_name = "http://proxy:3128", "kubernetes"
    expected = {"proxy": "http://proxy:3128", "server_hostname": "kubernetes"}
    assert SessionFactory(settings).request_options() == expected
    assert SessionFactory(configuration("https://127.0.0.1:1")).request_options() == {}
