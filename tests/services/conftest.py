"""Fixtures for tests of the use cases."""

from tests.support.engines import clickhouse, container_clickhouse, embedded_clickhouse

__all__ = ["clickhouse", "container_clickhouse", "embedded_clickhouse"]
