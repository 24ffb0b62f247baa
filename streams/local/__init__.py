"""A complete system on one machine: broker, ClickHouse and workers as child processes."""
