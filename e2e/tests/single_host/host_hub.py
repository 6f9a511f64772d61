"""The fake hub on this host: the demo model behind a gate, where containers and builds can reach it."""

import ipaddress
import json
from collections.abc import Iterator
from contextlib import contextmanager

import containers
from sd_engine.diarization import model_loader
from sd_harness.hub import fake_hub, hub_models
from sd_harness.hub.fake_hub import Account, Hub, Place
from sd_harness.hub.hub_models import COMMUNITY

CANARY, NO_TERMS = "hf_canary0sings0in0no0layer", "hf_has0accepted0no0terms"
"""A token that may read everything, and one whose account has yet to accept the terms."""
COMMIT = "a" * 40
PAGE = f"https://huggingface.co/{COMMUNITY}"


@contextmanager
def running() -> Iterator[Hub]:
    """On the address that docker's bridge has on this host."""
    bridge = _address_of_the_bridge()
    repos = {COMMUNITY: hub_models.of_directory(model_loader.DEMO_MODEL, COMMIT)}
    with fake_hub.running(repos, place=Place(bridge, host=bridge, cdn_host=bridge)) as hub:
        hub.accounts |= {CANARY: Account(), NO_TERMS: Account(accepted=frozenset())}
        yield hub


def _address_of_the_bridge() -> str:
    """A docker that has only just made its bridge names no gateway yet; it is the first address then."""
    [config, *_] = json.loads(containers.run("network", "inspect", "bridge").stdout)[0]["IPAM"]["Config"]
    return config.get("Gateway") or str(next(ipaddress.ip_network(config["Subnet"]).hosts()))
