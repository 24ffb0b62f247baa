"""Kafka records to rows of the tables in deploy/clickhouse."""
