"""Fixtures for the queries of dashboards."""

from tests.support.engines import clickhouse, container_clickhouse, embedded_clickhouse, own_clickhouse

__all__ = ["clickhouse", "container_clickhouse", "embedded_clickhouse", "own_clickhouse"]
