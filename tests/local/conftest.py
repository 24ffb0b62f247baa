"""Fixtures for tests of the engines that come with pip."""

from tests.support.engines import embedded_clickhouse, own_clickhouse

__all__ = ["embedded_clickhouse", "own_clickhouse"]
