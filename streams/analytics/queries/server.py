"""Questions about the ClickHouse server itself: its clock, and what its user may do."""

from __future__ import annotations

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from streams.analytics.queries.select import select_value


def server_time_s(client: Client) -> float:
    """Seconds since the epoch by ClickHouse's clock."""
    return float(select_value(client, "SELECT toFloat64(now64(6))"))


def may_read_and_write(client: Client, database: str) -> bool | None:
    """Whether the client's user may select from and insert into a database; None where ClickHouse cannot say."""
    sql = "CHECK GRANT SELECT, INSERT ON {database:Identifier}.*"
    try:
        return bool(client.query(sql, parameters={"database": database}).result_rows[0][0])
    except ClickHouseError:
        return None
