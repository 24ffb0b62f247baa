"""ClickHouse over TLS, and rights by role.

The embedded engine has neither TLS nor users: TLS ends before it here, and the statements of roles are parsed. Where a
ClickHouse server is installed, the roles are proved on it, over its own TLS.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from streams.analytics.client import connect
from streams.analytics.grants import RIGHTS, apply_grants, grant_statements
from streams.analytics.migrations import migrate
from streams.analytics.queries.figures.totals import record_counts
from streams.config.settings import load_settings
from streams.errors import AnalyticsError, ConfigurationError
from tests.support.certificates import make_certificates
from tests.support.clickhouse_server import ServedClickHouse
from tests.support.engines import Database, EngineUnavailable
from tests.support.tls_proxy import tls_in_front_of


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificates(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def encrypted(clickhouse: Database, certificates: Path) -> Iterator[dict[str, Any]]:
    """Settings of a client that reaches the engine by TLS."""
    clickhouse.migrate()
    with tls_in_front_of(urlsplit(clickhouse.engine.url).port or 0, certificates) as port:
        yield {
            "clickhouse": f"https://127.0.0.1:{port}",
            "clickhouse_database": clickhouse.name,
            "clickhouse_ca_file": certificates / "ca.pem",
        }


def test_questions_are_asked_over_tls(encrypted: dict[str, Any]) -> None:
    with connect(load_settings(**encrypted)) as client:
        assert record_counts(client).decisions == 0


def test_a_server_of_an_unknown_authority_is_not_trusted(encrypted: dict[str, Any]) -> None:
    with pytest.raises(AnalyticsError, match="does not answer"):
        connect(load_settings(**{**encrypted, "clickhouse_ca_file": ""}))


def test_a_client_shows_its_certificate(clickhouse: Database, certificates: Path) -> None:
    clickhouse.migrate()
    own = {
        "clickhouse_cert_file": certificates / "mediasieve-record.pem",
        "clickhouse_key_file": certificates / "mediasieve-record.key",
    }
    port = urlsplit(clickhouse.engine.url).port or 0
    with tls_in_front_of(port, certificates, client_certificate=True) as tls_port:
        settings = {
            "clickhouse": f"https://127.0.0.1:{tls_port}",
            "clickhouse_database": clickhouse.name,
            "clickhouse_ca_file": certificates / "ca.pem",
        }
        with pytest.raises(AnalyticsError, match="does not answer"):
            connect(load_settings(**settings))
        with connect(load_settings(**settings, **own, clickhouse_password="both")) as client:
            assert record_counts(client).decisions == 0


def test_files_must_exist_and_belong_to_https(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="CLICKHOUSE_CA_FILE: there is no file"):
        connect(load_settings(clickhouse="https://127.0.0.1:1", clickhouse_ca_file=tmp_path / "absent.pem"))
    with pytest.raises(ConfigurationError, match="needs an https address"):
        connect(load_settings(clickhouse="http://127.0.0.1:1", clickhouse_ca_file=tmp_path / "absent.pem"))


def test_clickhouse_parses_every_grant(clickhouse: Database) -> None:
    clickhouse.migrate()
    for statement in grant_statements("media-sieve`s"):
        [row, *_] = clickhouse.rows(f"EXPLAIN AST {statement}")
        assert row[0].split()[0] in ("CreateRoleQuery", "GrantQuery")


@pytest.fixture(scope="module")
def server(certificates: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedClickHouse]:
    with ExitStack() as stack:
        try:
            found = stack.enter_context(ServedClickHouse(tmp_path_factory.mktemp("server"), certificates))
        except EngineUnavailable as error:
            pytest.skip(str(error))
        with connect(load_settings(**found.settings("default"), clickhouse_database="sieve"), database="") as client:
            migrate(client, "sieve")
            apply_grants(client, "sieve")
            apply_grants(client, "sieve")
            for role in RIGHTS:
                user = f"`mediasieve-{role}`"
                client.command(f"CREATE USER {user} IDENTIFIED WITH sha256_password BY '{role}-password'")
                client.command(f"GRANT mediasieve_{role} TO {user}")
                client.command(
                    f"CREATE USER `{role}-by-certificate` IDENTIFIED WITH ssl_certificate CN 'mediasieve-{role}'"
                )
                client.command(f"GRANT mediasieve_{role} TO `{role}-by-certificate`")
        yield found


MAY = {
    "SELECT count() FROM decisions": {"admin", "record", "users"},
    "INSERT INTO jobs (job_id) VALUES ('x')": {"admin", "record"},
    "DELETE FROM decisions WHERE media_id = 'x'": {"admin", "record"},
    "CREATE TABLE IF NOT EXISTS more (a UInt8) ENGINE = MergeTree ORDER BY a": {"admin"},
    "DROP TABLE IF EXISTS more": {"admin"},
    "CREATE USER intruder": set(),
    "SELECT * FROM system.users": set(),
}


@pytest.mark.parametrize("role", RIGHTS)
@pytest.mark.parametrize("by", ["password", "certificate"])
def test_a_role_may_do_its_work_and_nothing_else(server: ServedClickHouse, role: str, by: str) -> None:
    who = (
        {**server.settings(f"mediasieve-{role}"), "clickhouse_password": f"{role}-password"}
        if by == "password"
        else server.certificate_settings(f"{role}-by-certificate", f"mediasieve-{role}")
    )
    with connect(load_settings(**who, clickhouse_database="sieve")) as client:
        for statement, roles in MAY.items():
            try:
                client.command(statement)
                allowed = True
            except Exception as error:
                assert "Not enough privileges" in str(error), statement
                allowed = False
            assert allowed == (role in roles), statement
