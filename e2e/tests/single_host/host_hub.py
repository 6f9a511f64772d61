"""The fake hub on this host, for containers and image builds: the demo model in a gated repository."""

import ipaddress
import json
from collections.abc import Iterator
from contextlib import contextmanager

import containers
from sd_engine.diarization import model_loader
from sd_harness.hub import fake_hub, hub_models
from sd_harness.hub.fake_hub import ListenAddress
from sd_harness.hub.hub_models import COMMUNITY
from sd_harness.hub.hub_state import Account, FakeHub

TOKEN, NO_TERMS_TOKEN = "hf_secret0of0the0leak0scan", "hf_has0accepted0no0terms"
"""A token with access to all repositories, and one whose account has not accepted any terms."""
COMMIT = "a" * 40
PAGE = f"https://huggingface.co/{COMMUNITY}"


@contextmanager
def running() -> Iterator[FakeHub]:
    """Run a hub at the address of docker's bridge on this host."""
    bridge = _bridge_address()
    repositories = {COMMUNITY: hub_models.from_directory(model_loader.DEMO_MODEL, COMMIT)}
    listen = ListenAddress(bridge, host=bridge, cdn_host=bridge)
    with fake_hub.running(repositories, listen=listen) as hub:
        hub.accounts |= {TOKEN: Account(), NO_TERMS_TOKEN: Account(accepted=frozenset())}
        yield hub


def _bridge_address() -> str:
    """Return the bridge's gateway, or the first address of its subnet while Docker lists no gateway yet."""
    [config, *_] = json.loads(containers.run("network", "inspect", "bridge").stdout)[0]["IPAM"]["Config"]
    return config.get("Gateway") or str(next(ipaddress.ip_network(config["Subnet"]).hosts()))
