"""What `mediasieve doctor` looks at. Each check says how it found things and, if not well, what to do."""

from __future__ import annotations

import asyncio
import re
import resource
import shutil
import ssl
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata, util
from typing import Any, Literal

from streams.cli.terminal import human_bytes
from streams.config.policy_file import PolicyFileError, load_policies
from streams.config.settings import Settings
from streams.errors import MediasieveError
from streams.kafka.clients import reach_broker
from streams.kafka.topic_admin import plan_topics
from streams.local.data_dir import RunningSystem
from streams.local.system import BROKER_PORT, CLICKHOUSE_PORT, HTTP_PORT, is_port_free

Status = Literal["ok", "warn", "fail"]
OLDEST_PYTHON, NEWEST_PYTHON = (3, 11), (3, 13)
EXTRAS = {"chdb": "the embedded ClickHouse", "noida_db": "the embedded broker"}
DISK_FAIL_BYTES, DISK_WARN_BYTES = 500_000_000, 5_000_000_000
OPEN_FILES_FAIL, OPEN_FILES_WARN = 512, 4096
SKEW_WARN_S, SKEW_FAIL_S = 1.0, 30.0
REQUIREMENT_FORM = re.compile(r"([A-Za-z0-9._-]+)(?:\[[^\]]*\])?([^;]*)(;.*)?")
#: Highest version of the request Produce to the release of Kafka that brought it (KIP-890, KIP-848, KIP-516).
RELEASES = {10: "3.7", 11: "3.8 or 3.9", 12: "4.0", 13: "4.1 or later"}
OLDEST_TESTED_PRODUCE = 11


@dataclass(frozen=True, slots=True)
class Check:
    """One finding; `advice` is empty when all is well."""

    status: Status
    what: str
    found: str
    advice: str = ""


def all_checks(settings: Settings, running: RunningSystem | None) -> Iterator[Check]:
    """Every check, the cheap ones first."""
    yield _python()
    yield from _libraries()
    yield from _extras()
    yield from _data_dir(settings)
    yield _open_files()
    yield _policy_file(settings)
    if running is None:
        yield from _ports()
    yield from _broker(settings, running)
    yield from _clickhouse(settings, running)


def _python() -> Check:
    version = ".".join(map(str, sys.version_info[:3]))
    if OLDEST_PYTHON <= sys.version_info[:2] <= NEWEST_PYTHON:
        return Check("ok", "Python", version)
    return Check("fail", "Python", version, "Install mediasieve with Python 3.11, 3.12 or 3.13.")


def _libraries() -> Iterator[Check]:
    """Installed versions against what this release asks for."""
    wrong = 0
    try:
        requirements = metadata.requires("mediasieve") or []
    except metadata.PackageNotFoundError:
        yield Check("fail", "libraries", "mediasieve is not installed", "Install it: pip install mediasieve")
        return
    for requirement in requirements:
        form = REQUIREMENT_FORM.fullmatch(requirement)
        if form is None or form[3]:
            continue
        name, wanted = form[1], form[2].strip()
        try:
            version = metadata.version(name)
        except metadata.PackageNotFoundError:
            version = "missing"
        if version == "missing" or not satisfies(version, wanted):
            wrong += 1
            yield Check("fail", name, f"{version}, and {wanted} is needed", f"pip install '{name}{wanted}'")
    if not wrong:
        yield Check(
            "ok", "libraries", f"{len(requirements)} requirements of mediasieve {metadata.version('mediasieve')}"
        )


def satisfies(version: str, wanted: str) -> bool:
    """Whether a version is within bounds such as `>=3.8,<4`; only the operators that pyproject.toml uses."""
    have = _numbers(version)
    for bound in filter(None, (part.strip() for part in wanted.split(","))):
        if bound.startswith(">=") and have < _numbers(bound[2:]):
            return False
        if bound.startswith("<") and have >= _numbers(bound[1:]):
            return False
    return True


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version.split("+")[0])[:4])


def _extras() -> Iterator[Check]:
    missing = [what for module, what in EXTRAS.items() if util.find_spec(module) is None]
    if missing:
        advice = "pip install 'mediasieve[embedded]', if `mediasieve up` should bring its own."
        yield Check("warn", "extras", f"{' and '.join(missing)} not installed", advice)
    else:
        yield Check("ok", "extras", "embedded broker and ClickHouse are installed")


def _data_dir(settings: Settings) -> Iterator[Check]:
    folder = settings.paths.data_dir.absolute()
    there = next(place for place in (folder, *folder.parents) if place.exists())
    try:
        with tempfile.TemporaryFile(dir=there) as probe:
            probe.write(b"x")
    except OSError as error:
        advice = "Make it writable, or name another with --data-dir or MEDIASIEVE_DATA_DIR."
        yield Check("fail", "data directory", f"{folder}: {error.strerror}", advice)
        return
    yield Check("ok", "data directory", f"{folder} can be written")
    free = shutil.disk_usage(there).free
    status: Status = "fail" if free < DISK_FAIL_BYTES else "warn" if free < DISK_WARN_BYTES else "ok"
    advice = "" if status == "ok" else "Free some space: state and embedded engines need room to grow."
    yield Check(status, "disk", f"{human_bytes(free)} free", advice)


def _open_files() -> Check:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= OPEN_FILES_WARN:
        return Check("ok", "open files", "unlimited" if soft == resource.RLIM_INFINITY else f"{soft:,} allowed")
    status: Status = "fail" if soft < OPEN_FILES_FAIL else "warn"
    return Check(status, "open files", f"{soft:,} allowed", "RocksDB keeps many open: ulimit -n 8192 before a worker.")


def _policy_file(settings: Settings) -> Check:
    try:
        policies = load_policies(settings.paths.policy_file)
    except PolicyFileError as error:
        return Check("fail", "policy file", error.lines[0], f"mediasieve policy check {settings.paths.policy_file}")
    found = f"{settings.paths.policy_file}: " if settings.paths.policy_file else "none is named; "
    return Check("ok", "policy file", f"{found}{policies.default.version} where nothing else is said")


def _ports() -> Iterator[Check]:
    usual = {"Kafka": BROKER_PORT, "ClickHouse": CLICKHOUSE_PORT, "a worker": HTTP_PORT}
    taken = [f"{port} ({what})" for what, port in usual.items() if not is_port_free(port)]
    if taken:
        yield Check("warn", "ports", f"{', '.join(taken)} taken", "`mediasieve up` will choose others and say which.")
    else:
        yield Check("ok", "ports", f"{', '.join(map(str, usual.values()))} are free")


def _broker(settings: Settings, running: RunningSystem | None) -> Iterator[Check]:
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
    yield _broker_version(settings, next(iter(cluster.brokers.values())), own=running is not None)
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


def _broker_version(settings: Settings, broker: Any, *, own: bool) -> Check:
    """By the protocol it speaks, asked over the same library that the workers read with."""
    try:
        produce = asyncio.run(_produce_version(settings, broker.host, broker.port))
    except Exception as error:
        return Check("warn", "Kafka's version", f"unknown: {error!r}", "Check that workers can reach each broker.")
    release = RELEASES.get(produce, "4.1 or later" if produce > max(RELEASES) else "before 3.7")
    if produce >= OLDEST_TESTED_PRODUCE:
        return Check("ok", "Kafka's version", release)
    if own:
        return Check("ok", "Kafka's version", "the embedded broker, for development")
    return Check("warn", "Kafka's version", release, "mediasieve is tested with Apache Kafka 3.8 and later.")


async def _produce_version(settings: Settings, host: str, port: int) -> int:
    from aiokafka.conn import create_conn

    secured = settings.kafka.security_protocol in ("ssl", "sasl_ssl")
    connection = await create_conn(
        host,
        port,
        request_timeout_ms=5_000,
        security_protocol=settings.kafka.security_protocol.upper(),
        ssl_context=ssl.create_default_context(cafile=settings.kafka.ca_file) if secured else None,
        sasl_mechanism=settings.kafka.sasl_mechanism,
        sasl_plain_username=settings.kafka.username,
        sasl_plain_password=settings.kafka.password.get_secret_value(),
    )
    try:
        return int(connection._versions[0][1])
    finally:
        connection.close()


def _clickhouse(settings: Settings, running: RunningSystem | None) -> Iterator[Check]:
    if running is None and "clickhouse" not in settings.given:
        yield Check("ok", "ClickHouse", "none is named and none runs here; `mediasieve up` brings its own")
        return
    from streams.analytics.client import connect, translate_errors
    from streams.analytics.migrations import pending_migrations

    try:
        missing = pending_migrations(settings)
        with translate_errors(settings):
            client = connect(settings, database="")
            try:
                yield Check("ok", "ClickHouse", f"{client.server_version} at {settings.clickhouse.url}")
                yield _skew(client)
                yield from _permissions(client, settings)
            finally:
                client.close()
    except MediasieveError as error:
        yield Check("fail", "ClickHouse", settings.clickhouse.url, str(error))
        return
    if missing:
        yield Check("fail", "migrations", f"{', '.join(missing)} missing", "mediasieve clickhouse migrate")
    else:
        yield Check("ok", "migrations", "all applied")


def _skew(client: Any) -> Check:
    """ClickHouse's clock against ours, taken in the middle of the question."""
    before = time.time()
    theirs = float(client.query("SELECT toFloat64(now64(6))").first_row[0])
    skew_s = theirs - (before + time.time()) / 2
    status: Status = "fail" if abs(skew_s) > SKEW_FAIL_S else "warn" if abs(skew_s) > SKEW_WARN_S else "ok"
    advice = "" if status == "ok" else "Synchronise the clocks (NTP): times of hops would mislead."
    return Check(status, "clocks", f"ClickHouse is {skew_s * 1000:+.0f} ms from here", advice)


def _permissions(client: Any, settings: Settings) -> Iterator[Check]:
    """Whether this user may write and read rows. A ClickHouse that cannot say so is left to the workers to find out."""
    from clickhouse_connect.driver.exceptions import ClickHouseError

    try:
        wanted = "CHECK GRANT SELECT, INSERT ON {database:Identifier}.*"
        allowed = bool(client.query(wanted, parameters={"database": settings.clickhouse.database}).first_row[0])
    except ClickHouseError:
        return
    if allowed:
        yield Check(
            "ok", "permissions", f"{settings.clickhouse.username} may read and write {settings.clickhouse.database}"
        )
    else:
        advice = f"GRANT SELECT, INSERT, CREATE ON {settings.clickhouse.database}.* TO {settings.clickhouse.username}"
        yield Check("fail", "permissions", f"{settings.clickhouse.username} may not read and write", advice)
