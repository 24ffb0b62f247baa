"""ClickHouse: rows/ makes rows of records, writer.py stores them, queries/ asks questions, migrations.py makes tables.

Only this package knows the tables and their columns.
"""
