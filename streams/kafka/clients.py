"""Clients of the deployment's broker by librdkafka: producers, consumers, administration. runtime/ makes Faust's."""

from __future__ import annotations

import logging
import re
import time
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer
from confluent_kafka.admin import AdminClient, ClusterMetadata

from streams.config.settings import Settings
from streams.errors import BrokerError, ConfigurationError
from streams.kafka.tls import tls_config

#: The logger of librdkafka. It is silent unless a program adds a handler.
log = logging.getLogger("streams.kafka")
log.addHandler(logging.NullHandler())

#: Larger than `max.message.bytes` of every topic in topics.yaml, whose limits the broker enforces.
MAX_MESSAGE_BYTES = 32 << 20
#: A reachable broker answers in this time, and a refused connection is known by then.
FIRST_ANSWER_S = 1.0


def connection_config(settings: Settings) -> dict[str, Any]:
    """The part of the configuration that all clients share: address, encryption, credentials.

    Raises:
        ConfigurationError: credentials or a file are missing.
    """
    config: dict[str, Any] = {
        "bootstrap.servers": settings.kafka.bootstrap_servers,
        "client.id": f"{settings.kafka.group_prefix}-{settings.runtime.worker_id}",
        "security.protocol": settings.kafka.security_protocol,
        "socket.keepalive.enable": True,
        "reconnect.backoff.max.ms": 2_000,
    }
    if settings.kafka.security_protocol.startswith("sasl"):
        if not settings.kafka.username:
            raise ConfigurationError(
                f"MEDIASIEVE_BROKER_SECURITY={settings.kafka.security_protocol} needs MEDIASIEVE_BROKER_USER and "
                "MEDIASIEVE_BROKER_PASSWORD."
            )
        config["sasl.mechanism"] = settings.kafka.sasl_mechanism
        config["sasl.username"] = settings.kafka.username
        config["sasl.password"] = settings.kafka.password.get_secret_value()
    config |= tls_config(settings.kafka)
    return config


def producer_config(settings: Settings, **overrides: Any) -> dict[str, Any]:
    """An idempotent producer with acks=all that chooses partitions like Java clients, aiokafka and Faust.

    Args:
        overrides: librdkafka properties, with `_` for `.`: `linger_ms=0` is `linger.ms`.
    """
    return {
        **connection_config(settings),
        "enable.idempotence": True,
        "acks": "all",
        "partitioner": "murmur2_random",
        "linger.ms": settings.kafka.linger_ms,
        "compression.type": "lz4",
        "message.max.bytes": MAX_MESSAGE_BYTES,
        "delivery.timeout.ms": 60_000,
        "queue.buffering.max.messages": 500_000,
        **_dotted(overrides),
    }


def consumer_config(settings: Settings, group: str, **overrides: Any) -> dict[str, Any]:
    """A consumer that starts at the beginning, commits nothing by itself and accepts the largest possible record.

    Args:
        overrides: librdkafka properties, with `_` for `.`.
    """
    return {
        **connection_config(settings),
        "group.id": group,
        "auto.offset.reset": "earliest",
        "enable.auto.commit": False,
        "allow.auto.create.topics": False,
        "fetch.message.max.bytes": 4 << 20,
        "fetch.wait.max.ms": 100,
        "receive.message.max.bytes": 2 * MAX_MESSAGE_BYTES,
        "queued.max.messages.kbytes": 64 << 10,
        **_dotted(overrides),
    }


def make_producer(settings: Settings, **overrides: Any) -> Producer:
    return Producer(producer_config(settings, **overrides), logger=log)


def make_consumer(settings: Settings, group: str, **overrides: Any) -> Consumer:
    return Consumer(consumer_config(settings, group, **overrides), logger=log)


def make_admin(settings: Settings) -> AdminClient:
    return AdminClient(connection_config(settings), logger=log)


def reach_broker(settings: Settings, client: Any = None, timeout_s: float = 5.0) -> ClusterMetadata:
    """The cluster's brokers and topics. The request creates no topic.

    Args:
        client: any librdkafka client; without one, a connection is opened for this request.

    Raises:
        BrokerError: no broker answered in time, or one refused; says what to do.
    """
    if client is not None:
        try:
            return client.list_topics(timeout=timeout_s)
        except KafkaException as error:
            raise _away(settings, [error.args[0].str()]) from error
    reported: list[KafkaError] = []
    client = AdminClient({**connection_config(settings), "error_cb": reported.append}, logger=log)
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            return client.list_topics(timeout=min(FIRST_ANSWER_S, max(0.1, deadline - time.monotonic())))
        except KafkaException as error:
            client.poll(0)
            all_down = any(cause.code() == KafkaError._ALL_BROKERS_DOWN for cause in reported)
            if all_down or time.monotonic() >= deadline:
                causes = [cause.str() for cause in reported if cause.code() != KafkaError._ALL_BROKERS_DOWN]
                raise _away(settings, [error.args[0].str(), *causes]) from error


def _away(settings: Settings, causes: list[str]) -> BrokerError:
    return BrokerError(
        f"Kafka at {settings.kafka.bootstrap_servers} does not answer ({_cause(causes)}). "
        "Start one with `mediasieve up`, or say where it is with MEDIASIEVE_BROKER."
    )


def _cause(messages: list[str]) -> str:
    """The last message of librdkafka without its internal names: `Connect to ipv4#127.0.0.1:1 failed: …`."""
    text = messages[-1].split("/bootstrap: ")[-1]
    return re.sub(r" \(after \d+ms.*", "", text)


def _dotted(overrides: dict[str, Any]) -> dict[str, Any]:
    """Names of librdkafka have dots; callbacks such as `error_cb` belong to the Python client and keep their names."""
    return {name if name.endswith("_cb") else name.replace("_", "."): value for name, value in overrides.items()}
