"""The settings of the broker."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, SecretStr

from streams.config.parts.settings_part import OptionalPath, SettingsPart


class KafkaSettings(SettingsPart):
    """The broker, and how to sign in: with a password (sasl_…), or with the certificate `cert_file` and its key (ssl).

    `ca_file` holds the authorities of the broker's certificate; without one, those of the system are trusted.
    """

    bootstrap_servers: str = Field("127.0.0.1:9092", validation_alias="MEDIASIEVE_BROKER")
    security_protocol: Literal["plaintext", "ssl", "sasl_plaintext", "sasl_ssl"] = Field(
        "plaintext", validation_alias="MEDIASIEVE_BROKER_SECURITY"
    )
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        "PLAIN", validation_alias="MEDIASIEVE_BROKER_SASL_MECHANISM"
    )
    username: str = Field("", validation_alias="MEDIASIEVE_BROKER_USER")
    password: SecretStr = Field(SecretStr(""), validation_alias="MEDIASIEVE_BROKER_PASSWORD")
    ca_file: OptionalPath = Field(None, validation_alias="MEDIASIEVE_BROKER_CA_FILE")
    cert_file: OptionalPath = Field(None, validation_alias="MEDIASIEVE_BROKER_CERT_FILE")
    key_file: OptionalPath = Field(None, validation_alias="MEDIASIEVE_BROKER_KEY_FILE")
    key_password: SecretStr = Field(SecretStr(""), validation_alias="MEDIASIEVE_BROKER_KEY_PASSWORD")
    topic_prefix: str = Field("", pattern=r"^[a-zA-Z0-9._-]{0,100}$", validation_alias="MEDIASIEVE_TOPIC_PREFIX")
    group_prefix: str = Field(
        "mediasieve", pattern=r"^[a-zA-Z0-9._-]{1,100}$", validation_alias="MEDIASIEVE_GROUP_PREFIX"
    )
    replication_factor: int | None = Field(None, ge=1, validation_alias="MEDIASIEVE_REPLICATION")
    min_insync_replicas: int | None = Field(None, ge=1, validation_alias="MEDIASIEVE_MIN_INSYNC_REPLICAS")
    session_timeout_s: float = Field(6.0, ge=1, validation_alias="MEDIASIEVE_SESSION_TIMEOUT_S")
    heartbeat_interval_s: float = Field(1.0, gt=0, validation_alias="MEDIASIEVE_HEARTBEAT_S")
    rebalance_timeout_s: float = Field(20.0, ge=1, validation_alias="MEDIASIEVE_REBALANCE_TIMEOUT_S")
    commit_interval_s: float = Field(0.5, gt=0, validation_alias="MEDIASIEVE_COMMIT_INTERVAL_S")
    linger_ms: float = Field(2.0, ge=0, validation_alias="MEDIASIEVE_LINGER_MS")
