"""Serves the API with uvicorn until SIGTERM or SIGINT."""

from __future__ import annotations

import logging
import socket
from typing import Final

from streams.config.settings import Settings
from streams.errors import ConfigurationError

BACKLOG: Final = 2048
MAX_CONNECTIONS: Final = 20_000
KEEP_ALIVE_S: Final = 75
GRACE_S: Final = 3


def serve(settings: Settings) -> None:
    """Serves until a signal.

    Raises:
        ConfigurationError: the extra `api` is not installed, the address cannot be listened on, or a setting is wrong.
    """
    try:
        import uvicorn

        from streams.api.app import make_server_app
    except ImportError as error:
        raise ConfigurationError(f"The API is not installed ({error.name}); pip install 'mediasieve[api]'") from error
    app = make_server_app(settings)
    listening = listen(settings.api.address)
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
        date_header=True,
        proxy_headers=False,
        limit_concurrency=MAX_CONNECTIONS,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=GRACE_S,
        h11_max_incomplete_event_size=64 << 10,
    )
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    uvicorn.Server(config).run([listening])


def listen(address: str) -> socket.socket:
    """A listening socket.

    Raises:
        ConfigurationError: the address is not valid, or in use.
    """
    host, _, port = address.rpartition(":")
    host = host.strip("[]") or "127.0.0.1"
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, int(port)))
        listening.listen(BACKLOG)
    except (OSError, ValueError, OverflowError) as error:
        listening.close()
        raise ConfigurationError(
            f"cannot listen on {address} ({error}); give the API another address with --http or MEDIASIEVE_API"
        ) from error
    listening.set_inheritable(True)
    return listening
