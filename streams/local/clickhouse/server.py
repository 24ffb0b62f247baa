"""ClickHouse for one machine: the engine that pip installs, as a child process, or started by hand with
`python -m streams.local.clickhouse.server --data-dir D --port P`.

It is for development and small installations; to use a ClickHouse server instead, set MEDIASIEVE_CLICKHOUSE. The data
are in the data directory and survive restarts and kill -9. The engine has a process of its own, because chDB contains
copies of libraries that other packages load too. http.py has the protocol, engine.py the engine.
"""

from __future__ import annotations

import asyncio
import http.client
import importlib.util
import os
import signal
import sys
from pathlib import Path
from typing import ClassVar

import click
from aiohttp import web

from streams.errors import ConfigurationError
from streams.local.process import EmbeddedProcess

PASSWORD_VARIABLE = "MEDIASIEVE_CLICKHOUSE_PASSWORD"  # noqa: S105 - a name
KEEP_ALIVE_S = 60.0


class EmbeddedClickHouse(EmbeddedProcess):
    """The embedded engine with ClickHouse's HTTP protocol. `EmbeddedProcess` has start, stop, kill and restart.

    Args:
        password: clients must send it, with any user name; if empty, clients need none.
    """

    kind: ClassVar[str] = "embedded"
    display_name = "the embedded ClickHouse"
    log_name = "clickhouse.log"

    def __init__(
        self,
        data_dir: Path,
        *,
        port: int | None = None,
        host: str = "127.0.0.1",
        password: str = "",
        start_timeout_s: float = 120.0,
        stop_timeout_s: float = 30.0,
    ) -> None:
        super().__init__(data_dir, port=port, host=host, start_timeout_s=start_timeout_s, stop_timeout_s=stop_timeout_s)
        self._password = password

    @property
    def url(self) -> str:
        """The address for clients, and the value for `MEDIASIEVE_CLICKHOUSE`."""
        return f"http://{self.address}"

    def command(self) -> list[str]:
        if importlib.util.find_spec("chdb") is None:
            raise ConfigurationError(
                "The embedded ClickHouse engine is not installed. Install it with: pip install "
                "'mediasieve[embedded]', or name a ClickHouse server in MEDIASIEVE_CLICKHOUSE."
            )
        options = ["--data-dir", str(self.data_dir), "--host", self.host, "--port", str(self.port)]
        return [sys.executable, "-m", "streams.local.clickhouse.server", *options]

    def environment(self) -> dict[str, str]:
        return {PASSWORD_VARIABLE: self._password}

    def is_ready(self) -> bool:
        connection = http.client.HTTPConnection(self.host, self.port, timeout=1.0)
        try:
            connection.request("GET", "/ping")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


async def serve(data_dir: Path, host: str, port: int, password: str) -> None:
    """Serve until SIGTERM or SIGINT.

    Raises:
        ConfigurationError: the engine is not installed, or its directory or port is in use.
    """
    from streams.local.clickhouse.engine import Engine
    from streams.local.clickhouse.http import ClickHouseHttp

    if host not in ("127.0.0.1", "::1", "localhost") and not password:
        raise ConfigurationError(f"Serving on {host} needs a password: set {PASSWORD_VARIABLE}.")
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    engine = Engine(data_dir)
    interface = ClickHouseHttp(engine, password=password, hosts=frozenset({host}))
    runner = web.AppRunner(
        interface.application(),
        access_log=None,
        auto_decompress=False,
        keepalive_timeout=KEEP_ALIVE_S,
        max_line_size=1 << 20,
        max_field_size=1 << 16,
        shutdown_timeout=10.0,
    )
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        print(f"ClickHouse {engine.version} (embedded) on http://{host}:{port}, data in {data_dir}", flush=True)
        await stopped.wait()
    except OSError as error:
        raise ConfigurationError(f"Port {port} of {host} is already in use: {error}") from error
    finally:
        await runner.cleanup()
        engine.close()


@click.command(name="python -m streams.local.clickhouse.server")
@click.option("--data-dir", type=click.Path(path_type=Path, file_okay=False), required=True)
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(1, 65535), default=8123, show_default=True)
def main(data_dir: Path, host: str, port: int) -> None:
    """Serve the embedded ClickHouse engine over ClickHouse's HTTP protocol on this machine."""
    try:
        asyncio.run(serve(data_dir.resolve(), host, port, os.environ.get(PASSWORD_VARIABLE, "")))
    except ConfigurationError as error:
        click.echo(str(error), err=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
