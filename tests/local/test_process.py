"""Engines as child processes: ports, logs, failures at the start, and no engine outlives its starter."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from streams.errors import ConfigurationError
from streams.local.broker import EmbeddedBroker
from streams.local.clickhouse.server import EmbeddedClickHouse
from streams.local.process import EmbeddedProcess, claim_port, free_port
from tests.support.orphans import ENGINES
from tests.support.patience import PATIENCE_S

BOTH = pytest.mark.parametrize("engine_class", [EmbeddedBroker, EmbeddedClickHouse])


def await_end(pid: int, timeout_s: float = PATIENCE_S) -> None:
    deadline = time.monotonic() + timeout_s
    while Path(f"/proc/{pid}").exists() if sys.platform == "linux" else alive(pid):
        assert time.monotonic() < deadline, f"process {pid} is still there"
        time.sleep(0.05)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@BOTH
def test_an_engine_starts_on_a_free_port_and_restarts_on_the_same(
    engine_class: type[EmbeddedProcess], tmp_path: Path
) -> None:
    with engine_class(tmp_path / "a b") as engine:
        first = (engine.pid, engine.port)
        assert engine.is_ready()
        assert engine.start() is engine
        assert (engine.pid, engine.port) == first
        engine.restart()
        assert engine.pid != first[0]
        assert engine.port == first[1]
        engine.kill()
        assert not engine.is_ready()
        engine.start()
        last = engine.pid
    assert last is not None
    await_end(last)
    engine.stop()


@BOTH
def test_a_busy_port_is_named(engine_class: type[EmbeddedProcess], tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(ConfigurationError, match=f"Port {port} for .* is in use"):
            engine_class(tmp_path, port=port).start()


@BOTH
def test_a_data_directory_serves_one_engine_at_a_time(engine_class: type[EmbeddedProcess], tmp_path: Path) -> None:
    with engine_class(tmp_path) as engine:
        with pytest.raises(ConfigurationError, match="did not start") as raised:
            engine_class(tmp_path).start()
        assert "GLIBC" not in str(raised.value)
        assert engine.is_ready()


@BOTH
def test_the_output_of_an_engine_is_in_a_log_with_its_data(engine_class: type[EmbeddedProcess], tmp_path: Path) -> None:
    with engine_class(tmp_path) as engine:
        assert str(engine.port) in engine.log.read_text()
        assert "GLIBC" not in engine.log_tail()


@pytest.mark.parametrize("name", ENGINES)
def test_an_engine_ends_when_its_starter_is_killed(name: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.support.orphans", name, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout is not None
        pid, address = starter.stdout.readline().split()
        starter.kill()
    await_end(int(pid))
    with ENGINES[name](tmp_path, port=int(address.rpartition(":")[2])) as again:
        assert again.running


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's end")
@BOTH
def test_an_engine_ends_when_its_leash_is_killed(engine_class: type[EmbeddedProcess], tmp_path: Path) -> None:
    with engine_class(tmp_path) as engine:
        assert engine.pid is not None
        pid = engine.pid
        leash = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        os.kill(leash, signal.SIGKILL)
        await_end(pid)
        assert not engine.running


@pytest.mark.parametrize(("engine_class", "package"), [(EmbeddedBroker, "noida_db"), (EmbeddedClickHouse, "chdb")])
def test_without_the_extra_the_error_says_what_to_install(
    engine_class: type[EmbeddedProcess], package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)  # as if the package were not installed
    with pytest.raises(ConfigurationError, match=r"pip install 'mediasieve\[embedded\]'"):
        engine_class(tmp_path).start()


def test_free_ports_can_be_bound() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", free_port()))


def test_a_port_is_claimed_once_and_its_claimant_can_listen_on_it() -> None:
    port = free_port()
    claim = claim_port(port)
    assert claim is not None
    with claim:
        assert claim_port(port) is None
        with socket.socket() as server:
            server.bind(("127.0.0.1", port))
            server.listen()

    again = claim_port(port)

    assert again is not None
    again.close()


def test_a_port_that_a_server_listens_on_cannot_be_claimed() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        assert claim_port(server.getsockname()[1]) is None
