"""Commands with `--api URL`: they ask the API of a system that runs elsewhere, without Kafka and ClickHouse.

A file for each command that has the option. The client is streams.client; its key is MEDIASIEVE_API_KEY.
"""

from streams.cli.remote.connection import api_client, api_option, read_as

__all__ = ["api_client", "api_option", "read_as"]
