"""The containers' command lines with TLS: some stages sign in with passwords, others show certificates."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import KafkaError

from tests.deploy.secured import SecuredSystem, decide_one_picture, secured_system
from tests.support.brokers import BrokerUnavailable
from tests.support.certificates import make_certificates

PLAN = ("mediasieve", "topics", "plan")


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredSystem]:
    if shutil.which("openssl") is None:
        pytest.skip("openssl makes the certificates, and is not installed here")
    try:
        with secured_system(tmp_path_factory.mktemp("encrypted"), tls=True) as found:
            yield found
    except BrokerUnavailable as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def other_authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Certificates with the same names, of an authority that the broker does not know."""
    return make_certificates(tmp_path_factory.mktemp("other"))


def test_workers_decide_with_passwords_and_with_certificates(system: SecuredSystem) -> None:
    decide_one_picture(system, certificates={"fingerprint", "record"})


@pytest.mark.parametrize("certificate", [False, True], ids=["password", "certificate"])
def test_a_role_cannot_write_what_it_does_not_write(system: SecuredSystem, certificate: bool) -> None:
    settings = system.settings("fingerprint", certificate=certificate)

    assert system.write("media.decisions", settings) == KafkaError.TOPIC_AUTHORIZATION_FAILED
    assert system.write("media.fingerprints", settings) == 0


def test_a_client_without_a_certificate_is_refused(system: SecuredSystem) -> None:
    environment = system.client_environment("admin", certificate=True)
    del environment["MEDIASIEVE_BROKER_CERT_FILE"], environment["MEDIASIEVE_BROKER_KEY_FILE"]

    refused = system.run(environment, *PLAN)

    assert refused.returncode == 1
    assert "does not answer" in refused.stderr


def test_a_certificate_of_another_authority_is_refused(system: SecuredSystem, other_authority: Path) -> None:
    environment = system.client_environment("admin", certificate=True)
    environment["MEDIASIEVE_BROKER_CERT_FILE"] = str(other_authority / "mediasieve-admin.pem")
    environment["MEDIASIEVE_BROKER_KEY_FILE"] = str(other_authority / "mediasieve-admin.key")

    refused = system.run(environment, *PLAN)

    assert refused.returncode == 1
    assert "does not answer" in refused.stderr


@pytest.mark.parametrize("certificate", [False, True], ids=["password", "certificate"])
def test_a_broker_of_another_authority_is_not_trusted(
    system: SecuredSystem, other_authority: Path, certificate: bool
) -> None:
    environment = system.client_environment("admin", certificate=certificate)
    environment["MEDIASIEVE_BROKER_CA_FILE"] = str(other_authority / "ca.pem")

    refused = system.run(environment, *PLAN)

    assert refused.returncode == 1
    assert "certificate verify failed" in refused.stderr


def test_a_client_that_does_not_encrypt_is_refused(system: SecuredSystem) -> None:
    environment = {**system.client_environment("admin"), "MEDIASIEVE_BROKER_SECURITY": "sasl_plaintext"}

    assert system.run(environment, *PLAN).returncode == 1


def test_the_doctor_finds_nothing_wrong_with_a_certificate(system: SecuredSystem) -> None:
    done = system.run(system.client_environment("admin", certificate=True), "mediasieve", "doctor")

    assert "Kafka's version" in done.stdout
    assert "unknown:" not in done.stdout, done.stdout
