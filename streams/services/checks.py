"""Checks a set-up: versions, disk, limits, Kafka, topics, ClickHouse. A finding says what to do about a problem."""

from __future__ import annotations

import asyncio
import re
import resource
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata, util
from typing import Any, Literal

from streams.config.policy_file import PolicyFileError, load_policies
from streams.config.settings import Settings
from streams.errors import MediasieveError
from streams.kafka.clients import reach_broker
from streams.kafka.tls import tls_context
from streams.kafka.topic_admin import plan_topics
from streams.local.data_dir import RunningSystem, find_running_system
from streams.local.process import is_port_free
from streams.local.system import BROKER_PORT, CLICKHOUSE_PORT, HTTP_PORT
from streams.services.text import human_bytes

Status = Literal["ok", "warn", "fail"]
OLDEST_PYTHON, NEWEST_PYTHON = (3, 11), (3, 13)
EXTRAS = {"chdb": "the embedded ClickHouse", "noida_db": "the embedded broker"}
DISK_FAIL_BYTES, DISK_WARN_BYTES = 500_000_000, 5_000_000_000
OPEN_FILES_FAIL, OPEN_FILES_WARN = 512, 4096
SKEW_WARN_S, SKEW_FAIL_S = 1.0, 30.0
REQUIREMENT_REGEX = re.compile(r"([A-Za-z0-9._-]+)(?:\[[^\]]*\])?([^;]*)(;.*)?")
#: The highest version of the Produce request, and the release of Kafka that introduced it (KIP-890, KIP-848, KIP-516).
RELEASES = {10: "3.7", 11: "3.8 or 3.9", 12: "4.0", 13: "4.1 or later"}
OLDEST_TESTED_PRODUCE = 11


@dataclass(frozen=True, slots=True)
class Check:
    """One finding. `advice` is empty if nothing needs to be done."""

    status: Status
    what: str
    found: str
    advice: str = ""


def check_setup(settings: Settings) -> Iterator[Check]:
    """All checks, the cheap ones first."""
    running = find_running_system(settings.paths.data_dir)
    if running is not None and running.broker != settings.kafka.bootstrap_servers:
        running = None
    yield _check_python()
    yield from _check_libraries()
    yield from _check_extras()
    yield from _check_data_dir(settings)
    yield _check_open_files()
    yield _check_policy_file(settings)
    if running is None:
        yield from _check_ports()
    yield from _check_broker(settings, running)
    yield from _check_clickhouse(settings, running)


def _check_python() -> Check:
    version = ".".join(map(str, sys.version_info[:3]))
    if OLDEST_PYTHON <= sys.version_info[:2] <= NEWEST_PYTHON:
        return Check("ok", "Python", version)
    return Check("fail", "Python", version, "Install mediasieve with Python 3.11, 3.12 or 3.13.")


def _check_libraries() -> Iterator[Check]:
    """Installed versions against the requirements of this release."""
    problems = 0
    try:
        requirements = metadata.requires("mediasieve") or []
    except metadata.PackageNotFoundError:
        yield Check("fail", "libraries", "mediasieve is not installed", "Install it: pip install mediasieve")
        return
    for requirement in requirements:
        parsed = REQUIREMENT_REGEX.fullmatch(requirement)
        if parsed is None or parsed[3]:
            continue
        name, bounds = parsed[1], parsed[2].strip()
        try:
            version = metadata.version(name)
        except metadata.PackageNotFoundError:
            version = "missing"
        if version == "missing" or not satisfies(version, bounds):
            problems += 1
            yield Check("fail", name, f"{version}, and {bounds} is needed", f"pip install '{name}{bounds}'")
    if not problems:
        yield Check(
            "ok", "libraries", f"{len(requirements)} requirements of mediasieve {metadata.version('mediasieve')}"
        )


def satisfies(version: str, bounds: str) -> bool:
    """Whether a version is within bounds such as `>=3.8,<4`. Knows only the operators that pyproject.toml uses."""
    installed = _numbers(version)
    for bound in filter(None, (part.strip() for part in bounds.split(","))):
        if bound.startswith(">=") and installed < _numbers(bound[2:]):
            return False
        if bound.startswith("<") and installed >= _numbers(bound[1:]):
            return False
    return True


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version.split("+")[0])[:4])


def _check_extras() -> Iterator[Check]:
    missing = [what for module, what in EXTRAS.items() if util.find_spec(module) is None]
    if missing:
        advice = "pip install 'mediasieve[embedded]', if `mediasieve up` should bring its own."
        yield Check("warn", "extras", f"{' and '.join(missing)} not installed", advice)
    else:
        yield Check("ok", "extras", "embedded broker and ClickHouse are installed")


def _check_data_dir(settings: Settings) -> Iterator[Check]:
    folder = settings.paths.data_dir.absolute()
    existing = next(place for place in (folder, *folder.parents) if place.exists())
    try:
        with tempfile.TemporaryFile(dir=existing) as probe:
            probe.write(b"x")
    except OSError as error:
        advice = "Make it writable, or name another folder with --data-dir or MEDIASIEVE_DATA_DIR."
        yield Check("fail", "data directory", f"{folder}: {error.strerror}", advice)
        return
    yield Check("ok", "data directory", f"{folder} can be written")
    free = shutil.disk_usage(existing).free
    status: Status = "fail" if free < DISK_FAIL_BYTES else "warn" if free < DISK_WARN_BYTES else "ok"
    advice = "" if status == "ok" else "Free some space: state and embedded engines need room to grow."
    yield Check(status, "disk", f"{human_bytes(free)} free", advice)


def _check_open_files() -> Check:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= OPEN_FILES_WARN:
        return Check("ok", "open files", "unlimited" if soft == resource.RLIM_INFINITY else f"{soft:,} allowed")
    status: Status = "fail" if soft < OPEN_FILES_FAIL else "warn"
    return Check(
        status, "open files", f"{soft:,} allowed", "RocksDB opens many files: run ulimit -n 8192 before a worker."
    )


def _check_policy_file(settings: Settings) -> Check:
    try:
        policies = load_policies(settings.paths.policy_file)
    except PolicyFileError as error:
        return Check("fail", "policy file", error.lines[0], f"mediasieve policy check {settings.paths.policy_file}")
    found = f"{settings.paths.policy_file}: " if settings.paths.policy_file else "none is named; "
    return Check("ok", "policy file", f"{found}{policies.default.version} is the default")


def _check_ports() -> Iterator[Check]:
    default_ports = {"Kafka": BROKER_PORT, "ClickHouse": CLICKHOUSE_PORT, "a worker": HTTP_PORT}
    taken = [f"{port} ({what})" for what, port in default_ports.items() if not is_port_free(port)]
    if taken:
        yield Check("warn", "ports", f"{', '.join(taken)} taken", "`mediasieve up` will choose others and say which.")
    else:
        yield Check("ok", "ports", f"{', '.join(map(str, default_ports.values()))} are free")


def _check_broker(settings: Settings, running: RunningSystem | None) -> Iterator[Check]:
    if running is None and "broker" not in settings.given:
        yield Check("ok", "Kafka", "none is named and none runs here; `mediasieve up` brings its own")
        return
    try:
        cluster = reach_broker(settings)
    except MediasieveError as error:
        yield Check("fail", "Kafka", f"{settings.kafka.bootstrap_servers} is out of reach", str(error))
        return
    yield Check(
        "ok",
        "Kafka",
        f"{settings.kafka.bootstrap_servers}: {len(cluster.brokers)} broker(s), cluster {cluster.cluster_id}",
    )
    yield _check_broker_version(settings, next(iter(cluster.brokers.values())), own=running is not None)
    try:
        plan = plan_topics(settings)
    except MediasieveError as error:
        yield Check("fail", "topics", "cannot be compared", str(error))
        return
    if plan.up_to_date:
        yield Check("ok", "topics", "as topics.yaml says")
    elif plan.refusals:
        refusal = plan.refusals[0]
        yield Check("fail", "topics", f"{refusal.topic} has {refusal.what}", refusal.why)
    else:
        yield Check("fail", "topics", f"{len(plan.changes)} differences", "mediasieve topics apply")


def _check_broker_version(settings: Settings, broker: Any, *, own: bool) -> Check:
    """The release, told by its protocol version, over the library that the workers use."""
    try:
        produce = asyncio.run(_produce_version(settings, broker.host, broker.port))
    except Exception as error:
        return Check("warn", "Kafka's version", f"unknown: {error!r}", "Check that workers can reach all brokers.")
    release = RELEASES.get(produce, "4.1 or later" if produce > max(RELEASES) else "before 3.7")
    if produce >= OLDEST_TESTED_PRODUCE:
        return Check("ok", "Kafka's version", release)
    if own:
        return Check("ok", "Kafka's version", "the embedded broker, for development")
    return Check("warn", "Kafka's version", release, "mediasieve is tested with Apache Kafka 3.8 and later.")


async def _produce_version(settings: Settings, host: str, port: int) -> int:
    from aiokafka.conn import create_conn

    connection = await create_conn(
        host,
        port,
        request_timeout_ms=5_000,
        security_protocol=settings.kafka.security_protocol.upper(),
        ssl_context=tls_context(settings.kafka),
        sasl_mechanism=settings.kafka.sasl_mechanism,
        sasl_plain_username=settings.kafka.username,
        sasl_plain_password=settings.kafka.password.get_secret_value(),
    )
    try:
        return int(connection._versions[0][1])
    finally:
        connection.close()


def _check_clickhouse(settings: Settings, running: RunningSystem | None) -> Iterator[Check]:
    if running is None and "clickhouse" not in settings.given:
        yield Check("ok", "ClickHouse", "none is named and none runs here; `mediasieve up` brings its own")
        return
    from streams.analytics.client import connect
    from streams.analytics.migrations import pending_migrations

    try:
        with connect(settings, database="") as client:
            missing = pending_migrations(client, settings.clickhouse.database)
            yield Check("ok", "ClickHouse", f"{client.server_version} at {settings.clickhouse.url}")
            yield _check_clocks(client)
            yield from _check_permissions(client, settings)
    except MediasieveError as error:
        yield Check("fail", "ClickHouse", settings.clickhouse.url, str(error))
        return
    if missing:
        yield Check("fail", "migrations", f"{', '.join(missing)} missing", "mediasieve clickhouse migrate")
    else:
        yield Check("ok", "migrations", "all applied")


def _check_clocks(client: Any) -> Check:
    """ClickHouse's clock against ours."""
    from streams.services.statistics import clock_offset_s

    skew_s = clock_offset_s(client)
    status: Status = "fail" if abs(skew_s) > SKEW_FAIL_S else "warn" if abs(skew_s) > SKEW_WARN_S else "ok"
    advice = "" if status == "ok" else "Synchronise the clocks (NTP): the latencies in ClickHouse would be wrong."
    return Check(status, "clocks", f"ClickHouse is {skew_s * 1000:+.0f} ms from here", advice)


def _check_permissions(client: Any, settings: Settings) -> Iterator[Check]:
    """Whether this user may write and read rows. No finding if ClickHouse cannot tell: the workers will find out."""
    from streams.analytics.queries.server import may_read_and_write

    allowed = may_read_and_write(client, settings.clickhouse.database)
    if allowed is None:
        return
    if allowed:
        yield Check(
            "ok", "permissions", f"{settings.clickhouse.username} may read and write {settings.clickhouse.database}"
        )
    else:
        advice = f"GRANT SELECT, INSERT, CREATE ON {settings.clickhouse.database}.* TO {settings.clickhouse.username}"
        yield Check("fail", "permissions", f"{settings.clickhouse.username} may not read and write", advice)
