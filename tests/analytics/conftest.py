"""Fixtures for tests of rows in ClickHouse."""

from tests.support.decision_store import store
from tests.support.engines import clickhouse, container_clickhouse, embedded_clickhouse, own_clickhouse

__all__ = ["clickhouse", "container_clickhouse", "embedded_clickhouse", "own_clickhouse", "store"]
