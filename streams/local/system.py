"""A whole mediasieve on this machine: broker, ClickHouse and workers, started in order and stopped in reverse.

`up`, `scan` and `demo` run one. What each part is stands in streams/embedded and agents; what is said about it, in
the commands.
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
from pathlib import Path
from types import FrameType, TracebackType
from typing import Self

from streams.cli.options import ALL_STAGES
from streams.config.settings import Settings
from streams.errors import BrokenInfrastructure, ConfigurationError
from streams.kafka.topic_admin import apply_topics
from streams.local.data_dir import DataDir, RunningSystem
from streams.local.process import EmbeddedProcess, free_port
from streams.local.supervisor import ChildSpec, Supervisor

#: The first worker of a version compiles what it matches by, which takes half a minute of one core.
READY_TIMEOUT_S = 240.0
GRACE_S = 25.0
#: Settings for a real cluster that the embedded broker cannot follow.
ONE_PLAIN_BROKER = {"broker_security": "plaintext", "replication": 1, "min_insync_replicas": 1}
BROKER_PORT, CLICKHOUSE_PORT, HTTP_PORT = 9092, 8123, 6066


@dataclass(frozen=True, slots=True)
class SystemOptions:
    """What to run. A broker or ClickHouse that is given is used; else the embedded one is started.

    `usual_ports` asks for the ports that clients expect, where they are free. A system without the stage `record`
    has no ClickHouse.
    """

    data_dir: Path
    external_broker: bool = False
    external_clickhouse: bool = False
    workers: int = 1
    stages: tuple[str, ...] = ALL_STAGES
    default_ports: bool = False


class System:
    """A running system; a context manager. `settings` are those of a client of it once it has been entered.

    Args:
        on_event: told in a sentence what happens; may be called from another thread.

    Raises (on entering):
        ConfigurationError: something is not installed, taken or wrong; whatever was started is stopped again.
        BrokerError, SinkError: a given broker or ClickHouse is away or refuses.
    """

    def __init__(self, settings: Settings, wanted: SystemOptions, on_event: Callable[[str], None]) -> None:
        self.settings = settings
        self.options = wanted
        self._on_event = on_event
        self._stack = ExitStack()
        self._engines: list[EmbeddedProcess] = []
        self._pauses: dict[str, float] = {}
        self.worker_addresses: tuple[str, ...] = ()
        self.supervisor: Supervisor | None = None

    def __enter__(self) -> Self:
        with ExitStack() as stack:  # what was begun is undone if anything below fails
            data_dir = DataDir(self.options.data_dir.absolute())
            data_dir.claim()
            stack.callback(data_dir.release)
            self._start_engines(stack)
            apply_topics(self.settings)
            if self._with_clickhouse:
                from streams.analytics.migrations import migrate

                migrate(self.settings)
            self._start_workers(stack)
            data_dir.announce(self._note())
            self._stack = stack.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._stack.close()

    @property
    def _with_clickhouse(self) -> bool:
        return "record" in self.options.stages

    def keep_running(self) -> None:
        """To be called about once a second: an embedded engine that died is started again.

        Raises:
            ConfigurationError: a worker cannot run as it is configured, or an engine does not come up again.
        """
        for engine in self._engines:
            if not engine.running:
                self._on_event(f"{engine.display_name} ended by itself; starting it again")
                engine.start()
        hopeless = self.supervisor.hopeless if self.supervisor else None
        if hopeless is not None:
            raise ConfigurationError(f"{hopeless.spec.name} cannot run: {hopeless.last_words()}")

    def _start_engines(self, stack: ExitStack) -> None:
        """Both at once, since each takes its time; stopped in reverse, so the broker goes last."""
        broker, clickhouse = None, None
        if not self.options.external_broker:
            from streams.local.broker import EmbeddedBroker

            broker = EmbeddedBroker(self._folder("broker"), port=self._usual_port(BROKER_PORT))
            self._engines.append(broker)
        if self._with_clickhouse and not self.options.external_clickhouse:
            from streams.local.clickhouse.server import EmbeddedClickHouse

            password = self.settings.clickhouse.password.get_secret_value()
            port = self._usual_port(CLICKHOUSE_PORT)
            clickhouse = EmbeddedClickHouse(self._folder("clickhouse"), port=port, password=password)
            self._engines.append(clickhouse)
        for engine in self._engines:
            stack.callback(engine.stop)
        with ThreadPoolExecutor(max_workers=2) as pool:
            for started in [pool.submit(engine.start) for engine in self._engines]:
                started.result()
        found: dict[str, object] = {"data_dir": self.options.data_dir.absolute()}
        if broker is not None:
            found |= {"broker": broker.bootstrap, **ONE_PLAIN_BROKER}
        if clickhouse is not None:
            found["clickhouse"] = clickhouse.url
        self.settings = self.settings.with_values(**found)

    def _start_workers(self, stack: ExitStack) -> None:
        folder = self._folder("logs")
        specs, addresses = [], []
        stages = ",".join(self.options.stages)
        for number in range(self.options.workers):
            address = f"127.0.0.1:{self._usual_port(HTTP_PORT + number) or free_port()}"
            addresses.append(address)
            afresh = () if self.options.external_broker else ("--afresh",)
            specs.append(
                ChildSpec(
                    name=f"worker {number}",
                    command=(sys.executable, "-m", "streams.cli", "worker", "--stages", stages, *afresh),
                    log=folder / f"worker-{number}.log",
                    env=_environment(self.settings, worker_id=f"{socket.gethostname()}-{number}", http=address),
                )
            )
        self.worker_addresses = tuple(addresses)
        self.supervisor = Supervisor(specs, grace_s=GRACE_S, on_event=self._on_event)
        stack.callback(self.supervisor.stop)
        self.supervisor.start()
        self._await_ready()

    def _await_ready(self) -> None:
        """Every worker has its partitions."""
        deadline = time.monotonic() + READY_TIMEOUT_S
        for address in self.worker_addresses:
            while (lacks := _what_lacks(address)) is not None:
                self.keep_running()
                if time.monotonic() > deadline:
                    raise BrokenInfrastructure(
                        f"the worker at {address} is not ready after {READY_TIMEOUT_S:.0f} s ({lacks}); "
                        f"see its log in {self._folder('logs')}."
                    )
                time.sleep(0.1)

    def _note(self) -> RunningSystem:
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
        )

    def _folder(self, name: str) -> Path:
        folder = self.options.data_dir.absolute() / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _usual_port(self, port: int) -> int | None:
        """The port that clients expect, if it is asked for and free."""
        return port if self.options.default_ports and is_port_free(port) else None


def _environment(settings: Settings, **of_worker: str) -> dict[str, str]:
    """The settings that this process decided on, as the variables that a worker reads."""
    chosen = ("data_dir", "broker", "broker_security", "clickhouse", "clickhouse_database", "file_roots")
    return settings.with_values(**of_worker).environment(*chosen, *of_worker)


def _what_lacks(address: str) -> str | None:
    """What a worker still waits for, in its own words; None when it is ready."""
    connection = http.client.HTTPConnection(address, timeout=2.0)
    try:
        connection.request("GET", "/ready")
        answer = connection.getresponse()
        said = answer.read().decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        return f"no answer: {error}"
    finally:
        connection.close()
    return None if answer.status == 200 else said


def is_port_free(port: int) -> bool:
    """Whether a server of this machine could listen there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


@contextmanager
def exit_on_signals() -> Iterator[None]:
    """SIGTERM and SIGHUP leave the block as Ctrl-C does, so that everything is stopped; exit code 128 + signal.

    SIGINT counts also where a shell had it ignored, as for `mediasieve up &` in a script; SIGHUP does not (nohup).
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
