"""ClickHouse roles with the rights that each part of mediasieve needs, and no others."""

from __future__ import annotations

from typing import Final

from clickhouse_connect.driver.binding import quote_identifier
from clickhouse_connect.driver.client import Client

from streams.analytics.client import translate_errors

#: By role of topics.yaml and of deploy/: rights on mediasieve's database. Roles that are not here need no ClickHouse.
RIGHTS: Final = {
    # `clickhouse migrate`: tables and views, and the rows of migrations that rewrite some
    "admin": (
        "CREATE DATABASE", "CREATE TABLE", "CREATE VIEW", "DROP TABLE", "DROP VIEW", "ALTER", "SELECT", "INSERT",
        "OPTIMIZE",
    ),
    # the record stage: rows in, and rows of deleted media out
    "record": ("SELECT", "INSERT", "ALTER DELETE", "ALTER UPDATE"),
    # API, CLI and dashboards ask
    "users": ("SELECT",),
}  # fmt: skip


def role_name(role: str) -> str:
    """The name in ClickHouse: `mediasieve_record`."""
    return f"mediasieve_{role}"


def grant_statements(database: str) -> tuple[str, ...]:
    """The statements that make the roles and their rights; to run them again changes nothing.

    Users are for you to make, with passwords or certificates of yours: `GRANT mediasieve_record TO …`.
    """
    statements = []
    for role, rights in RIGHTS.items():
        statements.append(f"CREATE ROLE IF NOT EXISTS {role_name(role)}")
        statements.append(f"GRANT {', '.join(rights)} ON {quote_identifier(database)}.* TO {role_name(role)}")
    return tuple(statements)


def apply_grants(client: Client, database: str) -> None:
    """Make the roles.

    Args:
        client: of a user who may manage access (`access_management`).

    Raises:
        AnalyticsError: ClickHouse does not answer or refuses.
    """
    with translate_errors(client.uri):
        for statement in grant_statements(database):
            client.command(statement)
