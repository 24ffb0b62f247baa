"""The containers' command lines with Kafka's passwords and ACLs: nothing is allowed that a stage does not need."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import KafkaError

from tests.deploy.secured import SecuredSystem, decide_one_picture, secured_system
from tests.support.brokers import BrokerUnavailable


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredSystem]:
    try:
        with secured_system(tmp_path_factory.mktemp("secured")) as found:
            yield found
    except BrokerUnavailable as error:
        pytest.skip(str(error))


def test_workers_decide_with_the_rights_of_their_stage(system: SecuredSystem) -> None:
    decide_one_picture(system)


@pytest.mark.parametrize(
    ("role", "topic"),
    [("fingerprint", "media.decisions"), ("match", "media.submissions"), ("publish", "media.verdicts")],
)
def test_a_role_cannot_write_what_it_does_not_write(system: SecuredSystem, role: str, topic: str) -> None:
    assert system.write(topic, system.settings(role)) == KafkaError.TOPIC_AUTHORIZATION_FAILED


def test_a_wrong_password_is_refused(system: SecuredSystem) -> None:
    environment = system.client_environment("publish")
    (Path(environment["MEDIASIEVE_SECRETS_DIR"]) / "MEDIASIEVE_BROKER_PASSWORD").write_text("guess")

    refused = system.run(environment, "mediasieve", "topics", "plan")

    assert refused.returncode == 1
    assert "uthentication" in refused.stderr
    assert "guess" not in refused.stderr
