"""Fixtures that any test may ask for: brokers and shared media. How a broker is run stands in brokers.py."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from streams.local.broker import EmbeddedBroker
from tests.support.brokers import ApacheKafka, Broker, BrokerUnavailable, ContainerKafka, Namespace

# How long an example takes is no property of ours: machines that test are busy.
hypothesis.settings.register_profile("mediasieve", deadline=None)
hypothesis.settings.load_profile("mediasieve")

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
BROKER_FIXTURES = frozenset(
    {"embedded_kafka", "apache_kafka", "container_kafka", "own_apache_kafka", "broker", "embedded", "apache"}
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if BROKER_FIXTURES.intersection(getattr(item, "fixturenames", ())):
            item.add_marker("kafka")
    # What takes minutes comes first, so that no process is left with it alone at the end.
    items.sort(key=lambda item: "reference" not in item.path.parts)


def _run_or_skip(broker: ApacheKafka | ContainerKafka) -> Iterator[Any]:
    with ExitStack() as stack:
        try:
            stack.enter_context(broker)
        except BrokerUnavailable as reason:
            pytest.skip(str(reason))
        yield broker


def _namespace(broker: Broker) -> Namespace:
    return Namespace(broker, f"t{uuid.uuid4().hex[:8]}.")


@pytest.fixture(scope="session")
def apache_kafka() -> Iterator[ApacheKafka]:
    """Apache Kafka for all tests of a run; do not stop it (see `own_apache_kafka`)."""
    yield from _run_or_skip(ApacheKafka())


@pytest.fixture
def own_apache_kafka() -> Iterator[ApacheKafka]:
    """Apache Kafka for one test, which may stop, kill and start it."""
    yield from _run_or_skip(ApacheKafka())


@pytest.fixture(scope="session")
def container_kafka() -> Iterator[ContainerKafka]:
    yield from _run_or_skip(ContainerKafka())


@pytest.fixture(scope="session")
def embedded_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedBroker]:
    """The broker that comes with pip, for all tests of a run."""
    pytest.importorskip("noida_db", reason="the embedded broker is not installed")
    with EmbeddedBroker(tmp_path_factory.mktemp("embedded-kafka")) as broker:
        yield broker


@pytest.fixture(params=["embedded", "apache", "container"])
def broker(request: pytest.FixtureRequest) -> Namespace:
    """The same test on every broker, each time with topics and groups of its own."""
    return _namespace(request.getfixturevalue(f"{request.param}_kafka"))


@pytest.fixture
def embedded(embedded_kafka: EmbeddedBroker) -> Namespace:
    return _namespace(embedded_kafka)


@pytest.fixture
def apache(apache_kafka: ApacheKafka) -> Namespace:
    return _namespace(apache_kafka)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real and hostile media beside the checkout, where it is there."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"no shared media at {SHARED_DATA}")
    return SHARED_DATA


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, empty, with nothing of mediasieve in the environment."""
    import os

    for name in os.environ:
        if name.startswith("MEDIASIEVE_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path
