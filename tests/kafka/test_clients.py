"""librdkafka's configuration from the settings, and the error when no broker answers."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from streams.config.settings import load_settings
from streams.errors import BrokerError, ConfigurationError
from streams.kafka.clients import (
    connection_config,
    consumer_config,
    make_consumer,
    make_producer,
    producer_config,
    reach_broker,
)
from streams.kafka.topics import load_topics
from tests.support.brokers import Namespace


def test_a_plain_connection_needs_only_an_address() -> None:
    config = connection_config(load_settings(broker="kafka-1:9092,kafka-2:9092"))

    assert config["bootstrap.servers"] == "kafka-1:9092,kafka-2:9092"
    assert config["security.protocol"] == "plaintext"
    assert not [name for name in config if name.startswith(("sasl", "ssl"))]


def test_credentials_are_passed_on() -> None:
    settings = load_settings(
        broker_security="sasl_ssl",
        broker_sasl_mechanism="SCRAM-SHA-512",
        broker_user="sieve",
        broker_password=SecretStr("hush"),
    )

    config = connection_config(settings)

    assert config["sasl.mechanism"] == "SCRAM-SHA-512"
    assert (config["sasl.username"], config["sasl.password"]) == ("sieve", "hush")
    assert "ssl.ca.location" not in config, "the system's authorities are trusted"


def test_missing_credentials_are_named() -> None:
    with pytest.raises(ConfigurationError, match="MEDIASIEVE_BROKER_USER"):
        connection_config(load_settings(broker_security="sasl_plaintext"))


def test_a_missing_ca_file_is_named() -> None:
    with pytest.raises(ConfigurationError, match=r"absent\.pem"):
        connection_config(load_settings(broker_security="ssl", broker_ca_file=Path("absent.pem")))


def test_producers_lose_nothing_and_choose_partitions_like_java_clients() -> None:
    config = producer_config(load_settings(linger_ms=3), compression_type="zstd")

    assert (config["enable.idempotence"], config["acks"]) == (True, "all")
    assert config["partitioner"] == "murmur2_random"
    assert (config["linger.ms"], config["compression.type"]) == (3, "zstd")
    assert config["message.max.bytes"] > max(
        int(spec.config.get("max.message.bytes", 0)) for spec in load_topics().values()
    )


def test_consumers_commit_nothing_by_themselves() -> None:
    config = consumer_config(load_settings(), "group", auto_offset_reset="latest")

    assert config["group.id"] == "group"
    assert config["enable.auto.commit"] is False
    assert config["auto.offset.reset"] == "latest"


def test_librdkafka_knows_every_property(tmp_path: Path) -> None:
    settings = load_settings(broker="127.0.0.1:1")

    make_producer(settings).purge()
    make_consumer(settings, "group", error_cb=lambda _: None).close()


def test_a_broker_answers_with_its_topics(broker: Namespace, tmp_path: Path) -> None:
    name = broker.create("media.submissions", partitions=3)

    cluster = reach_broker(broker.settings(tmp_path))

    assert len(cluster.topics[name].partitions) == 3


@pytest.mark.parametrize("address", ["127.0.0.1:1", "nobody.invalid:9092"])
def test_a_broker_that_does_not_answer_is_named_with_what_to_do(address: str) -> None:
    with pytest.raises(BrokerError) as away:
        reach_broker(load_settings(broker=address), timeout_s=2)

    assert f"Kafka at {address} does not answer" in str(away.value)
    assert "MEDIASIEVE_BROKER" in str(away.value)
    assert "\n" not in str(away.value)
