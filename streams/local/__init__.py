"""A whole mediasieve on one machine: broker, ClickHouse and workers as child processes."""
