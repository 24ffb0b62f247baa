"""ClickHouse's own engine in a process, behind ClickHouse's HTTP protocol."""
