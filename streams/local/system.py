"""A complete system on this machine: broker, ClickHouse and workers, started in order and stopped in reverse.

The commands `up`, `scan` and `demo` run one. They tell people about it; this module prints nothing.
"""

from __future__ import annotations

import http.client
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from types import FrameType, TracebackType
from typing import Self

from streams.config.settings import Settings
from streams.errors import BrokenInfrastructure, ConfigurationError
from streams.kafka.topic_admin import apply_topics
from streams.local.data_dir import DataDir, RunningSystem
from streams.local.process import EmbeddedProcess, claim_port, free_port
from streams.local.supervisor import ChildSpec, Supervisor

#: The first worker of a version compiles the matching code, which takes half a minute of one core.
READY_TIMEOUT_S = 240.0
GRACE_S = 25.0
#: Overrides settings for a real cluster that the embedded broker does not support.
EMBEDDED_BROKER_SETTINGS = {"broker_security": "plaintext", "replication": 1, "min_insync_replicas": 1}
#: The ports that clients expect.
BROKER_PORT, CLICKHOUSE_PORT, HTTP_PORT, API_PORT = 9092, 8123, 6066, 8080


@dataclass(frozen=True, slots=True)
class SystemOptions:
    """Which parts of a system to run.

    Attributes:
        data_dir: for all data and logs.
        stages: of the workers. A system without the stage `record` has no ClickHouse.
        external_broker: use the broker of the settings instead of the embedded one.
        external_clickhouse: use the ClickHouse of the settings instead of the embedded one.
        workers: number of worker processes.
        default_ports: use the ports that clients expect if they are free.
        api: serve the HTTP API too, if it is installed.
    """

    data_dir: Path
    stages: tuple[str, ...]
    external_broker: bool = False
    external_clickhouse: bool = False
    workers: int = 1
    default_ports: bool = False
    api: bool = False


class System:
    """A running system; a context manager. After entering, `settings` are those of a client of the system.

    Args:
        settings: of the workers.
        options: which parts to run.
        on_event: gets a sentence for every event. May be called from another thread.

    Raises (on entering):
        ConfigurationError: a part is not installed, a port is in use, or a setting is wrong. All parts are stopped.
        BrokerError, AnalyticsError: a given broker or ClickHouse is away or refuses.
    """

    def __init__(self, settings: Settings, options: SystemOptions, on_event: Callable[[str], None]) -> None:
        self.settings = settings
        self.options = options
        self._on_event = on_event
        self._stack = ExitStack()
        self._engines: list[EmbeddedProcess] = []
        self.worker_addresses: tuple[str, ...] = ()
        self.api_address = ""
        self.supervisor: Supervisor | None = None

    def __enter__(self) -> Self:
        with ExitStack() as stack:  # stops the started parts if anything below fails
            data_dir = DataDir(self.options.data_dir.absolute())
            data_dir.claim()
            stack.callback(data_dir.release)
            self._start_engines(stack)
            apply_topics(self.settings)
            if self._with_clickhouse:
                from streams.analytics.client import connect
                from streams.analytics.migrations import migrate

                with connect(self.settings, database="") as client:
                    migrate(client, self.settings.clickhouse.database)
            self._start_workers(stack)
            data_dir.announce(self._describe())
            self._stack = stack.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._stack.close()

    @property
    def _with_clickhouse(self) -> bool:
        return "record" in self.options.stages

    def keep_running(self) -> None:
        """Restarts embedded engines that have died. Call it about once a second.

        Raises:
            ConfigurationError: the configuration of a worker is wrong, or an engine does not start again.
        """
        for engine in self._engines:
            if not engine.running:
                self._on_event(f"{engine.display_name} ended by itself; starting it again")
                engine.start()
        failed = self.supervisor.misconfigured if self.supervisor else None
        if failed is not None:
            raise ConfigurationError(f"{failed.spec.name} cannot run: {failed.last_error()}")

    def _start_engines(self, stack: ExitStack) -> None:
        """Starts both engines at the same time. They are stopped in reverse order, the broker last."""
        broker, clickhouse = None, None
        if not self.options.external_broker:
            from streams.local.broker import EmbeddedBroker

            broker = EmbeddedBroker(self._folder("broker"), port=self._default_port(BROKER_PORT, stack))
            self._engines.append(broker)
        if self._with_clickhouse and not self.options.external_clickhouse:
            from streams.local.clickhouse.server import EmbeddedClickHouse

            password = self.settings.clickhouse.password.get_secret_value()
            port = self._default_port(CLICKHOUSE_PORT, stack)
            clickhouse = EmbeddedClickHouse(self._folder("clickhouse"), port=port, password=password)
            self._engines.append(clickhouse)
        for engine in self._engines:
            stack.callback(engine.stop)
        with ThreadPoolExecutor(max_workers=2) as pool:
            for started in [pool.submit(engine.start) for engine in self._engines]:
                started.result()
        values: dict[str, object] = {"data_dir": self.options.data_dir.absolute()}
        if broker is not None:
            values |= {"broker": broker.bootstrap, **EMBEDDED_BROKER_SETTINGS}
        if clickhouse is not None:
            values["clickhouse"] = clickhouse.url
        if "thumbnails" not in self.settings.given and find_spec("obstore") is not None:
            values["thumbnails"] = (self.options.data_dir.absolute() / "thumbnails").as_uri()
        self.settings = self.settings.with_values(**values)

    def _start_workers(self, stack: ExitStack) -> None:
        folder = self._folder("logs")
        specs, addresses = [], []
        stages = ",".join(self.options.stages)
        for number in range(self.options.workers):
            address = f"127.0.0.1:{self._worker_port(HTTP_PORT + number, stack)}"
            addresses.append(address)
            fresh = () if self.options.external_broker else ("--afresh",)
            specs.append(
                ChildSpec(
                    name=f"worker {number}",
                    command=(sys.executable, "-m", "streams.cli", "worker", "--stages", stages, *fresh),
                    log=folder / f"worker-{number}.log",
                    env=_environment(self.settings, worker_id=f"{socket.gethostname()}-{number}", http=address),
                )
            )
        self.worker_addresses = tuple(addresses)
        if self.options.api and find_spec("uvicorn") is not None:
            specs.append(self._api_spec(folder, stack))
        self.supervisor = Supervisor(specs, grace_s=GRACE_S, on_event=self._on_event)
        stack.callback(self.supervisor.stop)
        self.supervisor.start()
        self._await_ready()

    def _api_spec(self, folder: Path, stack: ExitStack) -> ChildSpec:
        settings = self.settings
        if "api" in settings.given:
            self.api_address = settings.api.address
        else:
            self.api_address = f"127.0.0.1:{self._worker_port(API_PORT, stack)}"
        return ChildSpec(
            name="the API",
            command=(sys.executable, "-m", "streams.cli", "api"),
            log=folder / "api.log",
            env=_environment(settings, api=self.api_address),
        )

    def _await_ready(self) -> None:
        """Waits until all workers have their partitions, and the API serves."""
        deadline = time.monotonic() + READY_TIMEOUT_S
        for address in (*self.worker_addresses, *filter(None, [self.api_address])):
            while (reason := _why_not_ready(address)) is not None:
                self.keep_running()
                if time.monotonic() > deadline:
                    raise BrokenInfrastructure(
                        f"{address} is not ready after {READY_TIMEOUT_S:.0f} s ({reason}); "
                        f"see its log in {self._folder('logs')}."
                    )
                time.sleep(0.1)

    def _describe(self) -> RunningSystem:
        settings = self.settings
        return RunningSystem(
            pid=os.getpid(),
            broker=settings.kafka.bootstrap_servers,
            clickhouse=settings.clickhouse.url,
            clickhouse_database=settings.clickhouse.database,
            topic_prefix=settings.kafka.topic_prefix,
            group_prefix=settings.kafka.group_prefix,
            broker_embedded=not self.options.external_broker,
            file_roots=settings.source.file_roots,
            workers=self.worker_addresses,
            api=self.api_address,
            thumbnails=settings.thumbnails.store,
        )

    def _folder(self, name: str) -> Path:
        folder = self.options.data_dir.absolute() / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _default_port(self, port: int, stack: ExitStack) -> int | None:
        """The port, claimed until the system ends; None if another process has it, or the options want other ports."""
        claim = claim_port(port) if self.options.default_ports else None
        if claim is None:
            return None
        stack.callback(claim.close)
        return port

    def _worker_port(self, port: int, stack: ExitStack) -> int:
        """The default port of a worker, or a free one; claimed until the system ends."""
        if (default := self._default_port(port, stack)) is not None:
            return default
        while True:
            port = free_port()
            if (claim := claim_port(port)) is not None:
                stack.callback(claim.close)
                return port


def _environment(settings: Settings, **worker_values: str) -> dict[str, str]:
    """The variables for a worker: settings that this process has changed, and the worker's own values."""
    chosen = ["data_dir", "broker", "broker_security", "clickhouse", "clickhouse_database", "file_roots", "thumbnails"]
    if settings.paths.moderation_file is not None:
        chosen.append("moderation_file")
    return settings.with_values(**worker_values).environment(*chosen, *worker_values)


def _why_not_ready(address: str) -> str | None:
    """The answer of a worker that is not ready; None if it is ready."""
    connection = http.client.HTTPConnection(address, timeout=2.0)
    try:
        connection.request("GET", "/ready")
        response = connection.getresponse()
        text = response.read().decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        return f"no answer: {error}"
    finally:
        connection.close()
    return None if response.status == 200 else text


@contextmanager
def exit_on_signals() -> Iterator[None]:
    """SIGTERM and SIGHUP leave the block like Ctrl-C, so that all parts are stopped. The exit code is 128 + signal.

    SIGINT counts even if a shell had it ignored, as for `mediasieve up &` in a script. An ignored SIGHUP stays ignored,
    as for nohup.
    """

    def leave(number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    handlers = {signal.SIGTERM: leave, signal.SIGHUP: leave, signal.SIGINT: signal.default_int_handler}
    if signal.getsignal(signal.SIGHUP) == signal.SIG_IGN:
        del handlers[signal.SIGHUP]
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
