"""Kafka records → rows of the tables in deploy/clickhouse. Pure: no ClickHouse, no clock; tested without a server.

Every table has a file with the list of its columns and their extractors: a column is added there, and in a migration.
Which topic goes into which table is in topics.py.
"""
