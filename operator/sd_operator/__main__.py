"""Entry point of the operator: `python -m sd_operator`."""

import asyncio
import os
import signal
import sys
from typing import Any

from kubernetes.aio import client, config

from sd_operator import logs
from sd_operator.operator import Operator
from sd_operator.settings import Settings, SettingsError


def main() -> None:
    """Run the operator until SIGTERM or SIGINT."""
    try:
        settings = Settings.from_environment(os.environ)
    except SettingsError as error:
        sys.exit(f"The operator cannot start: {error}")
    logs.set_up(settings.log_level, settings.log_format)
    asyncio.run(run(settings))


async def run(settings: Settings) -> None:
    """Run the operator until a termination signal arrives."""
    stop = asyncio.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(each, stop.set)
    await Operator(settings, await _load_configuration()).run(stop)


async def _load_configuration() -> client.Configuration:
    """The configuration of the kubeconfig named by KUBECONFIG, or of the pod's service account."""
    loaders: Any = config  # its functions have no types
    configuration = client.Configuration()
    if os.environ.get("KUBECONFIG"):
        await loaders.load_kube_config(client_configuration=configuration)
    else:
        loaders.load_incluster_config(client_configuration=configuration)
    return configuration


if __name__ == "__main__":
    main()
