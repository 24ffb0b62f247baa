"""ClickHouse's own engine in a process, with ClickHouse's HTTP protocol."""
