"""The brokers that tests run on: what a conformance test may rely on, whichever broker it gets."""

from __future__ import annotations

from confluent_kafka import Consumer, Producer

from tests.support.brokers import ApacheKafka, Namespace


def publish(bootstrap: str, topic: str, value: bytes) -> None:
    producer = Producer({"bootstrap.servers": bootstrap, "acks": "all", "enable.idempotence": True})
    producer.produce(topic, value)
    assert producer.flush(30.0) == 0


def read_one(bootstrap: str, topic: str, group: str) -> bytes | None:
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": group, "auto.offset.reset": "earliest"})
    consumer.subscribe([topic])
    record = consumer.poll(30.0)
    consumer.close()
    assert record is not None
    assert record.error() is None
    value = record.value()
    assert value is None or isinstance(value, bytes)
    return value


def test_a_record_comes_back_through_a_consumer_group(broker: Namespace) -> None:
    topic = broker.create("echo")
    publish(broker.bootstrap, topic, b"hello")
    assert read_one(broker.bootstrap, topic, broker.name("group")) == b"hello"


def test_a_killed_broker_starts_again_with_its_records(own_apache_kafka: ApacheKafka) -> None:
    own = Namespace(own_apache_kafka, "")
    topic, address = own.create("kept"), own.bootstrap
    publish(address, topic, b"before the kill")
    own_apache_kafka.kill()
    own_apache_kafka.start()
    assert own.bootstrap == address
    assert read_one(address, topic, "group") == b"before the kill"
