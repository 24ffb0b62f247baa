"""The settings of ClickHouse and of writing to it."""

from __future__ import annotations

from pydantic import Field, SecretStr

from streams.config.parts.settings_part import OptionalPath, SettingsPart


class ClickHouseSettings(SettingsPart):
    """One insert has at most `max_insert_rows` and `max_insert_bytes`, and waits at most `max_insert_age_s`.

    With an https address: `ca_file` holds the authorities of the server's certificate (else those of the system),
    `cert_file` and `key_file` the certificate that this client shows, if the server asks for one.
    """

    url: str = Field("http://127.0.0.1:8123", validation_alias="MEDIASIEVE_CLICKHOUSE")
    username: str = Field("default", validation_alias="MEDIASIEVE_CLICKHOUSE_USER")
    password: SecretStr = Field(SecretStr(""), validation_alias="MEDIASIEVE_CLICKHOUSE_PASSWORD")
    database: str = Field("mediasieve", validation_alias="MEDIASIEVE_CLICKHOUSE_DATABASE")
    ca_file: OptionalPath = Field(None, validation_alias="MEDIASIEVE_CLICKHOUSE_CA_FILE")
    cert_file: OptionalPath = Field(None, validation_alias="MEDIASIEVE_CLICKHOUSE_CERT_FILE")
    key_file: OptionalPath = Field(None, validation_alias="MEDIASIEVE_CLICKHOUSE_KEY_FILE")
    max_insert_rows: int = Field(5_000, ge=1, validation_alias="MEDIASIEVE_SINK_ROWS")
    max_insert_bytes: int = Field(8 << 20, ge=1024, validation_alias="MEDIASIEVE_SINK_BYTES")
    max_insert_age_s: float = Field(1.0, gt=0, validation_alias="MEDIASIEVE_SINK_AGE_S")
