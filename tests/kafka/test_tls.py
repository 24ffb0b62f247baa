"""Certificates from the settings, for librdkafka and for Faust, and the errors that name what is wrong."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from streams.config.parts.kafka import KafkaSettings
from streams.config.settings import load_settings
from streams.errors import ConfigurationError
from streams.kafka.clients import make_producer
from streams.kafka.tls import tls_config, tls_context
from tests.support.certificates import make_certificates


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of certificates, and the key of the role match again with a password: `locked.key`."""
    folder = make_certificates(tmp_path_factory.mktemp("tls"))
    key, locked = folder / "mediasieve-match.key", folder / "locked.key"
    subprocess.run(
        ["openssl", "pkey", "-in", str(key), "-aes256", "-passout", "pass:hush", "-out", str(locked)], check=True
    )
    return folder


def kafka(folder: Path, **more: Any) -> KafkaSettings:
    own = {
        "broker_security": "ssl",
        "broker_ca_file": folder / "ca.pem",
        "broker_cert_file": folder / "mediasieve-match.pem",
        "broker_key_file": folder / "mediasieve-match.key",
    }
    return load_settings(**{**own, **more}).kafka


def test_both_libraries_take_the_certificate(made: Path) -> None:
    settings = kafka(made)

    context = tls_context(settings)

    assert context is not None and context.check_hostname
    (authority,) = context.get_ca_certs()
    assert authority["subject"] == ((("commonName", "mediasieve authority"),),)
    assert tls_config(settings) == {
        "ssl.ca.location": str(made / "ca.pem"),
        "ssl.certificate.location": str(made / "mediasieve-match.pem"),
        "ssl.key.location": str(made / "mediasieve-match.key"),
    }


def test_a_key_may_have_a_password(made: Path) -> None:
    locked = {"broker": "127.0.0.1:1", "broker_security": "ssl", "broker_ca_file": made / "ca.pem"} | {
        "broker_cert_file": made / "mediasieve-match.pem",
        "broker_key_file": made / "locked.key",
    }
    settings = load_settings(**locked, broker_key_password=SecretStr("hush"))

    assert tls_context(settings.kafka) is not None
    make_producer(settings).purge()
    with pytest.raises(ConfigurationError, match="MEDIASIEVE_BROKER_KEY_PASSWORD") as wrong:
        tls_context(load_settings(**locked, broker_key_password=SecretStr("guess")).kafka)
    assert "guess" not in str(wrong.value)


def test_without_tls_nothing_is_read(tmp_path: Path) -> None:
    settings = kafka(tmp_path, broker_security="sasl_plaintext")

    assert (tls_config(settings), tls_context(settings)) == ({}, None)


@pytest.mark.parametrize(
    ("variable", "said"),
    [
        ("broker_ca_file", "BROKER_CA_FILE: there is no file"),
        ("broker_cert_file", "BROKER_CERT_FILE: there is no file"),
        ("broker_key_file", "BROKER_KEY_FILE: there is no file"),
    ],
)
def test_a_missing_file_is_named(made: Path, variable: str, said: str) -> None:
    settings = kafka(made, **{variable: Path("absent.pem")})

    for read in (tls_config, tls_context):
        with pytest.raises(ConfigurationError, match=said):
            read(settings)


@pytest.mark.parametrize("variable", ["broker_cert_file", "broker_key_file"])
def test_a_certificate_and_its_key_go_together(made: Path, variable: str) -> None:
    for read in (tls_config, tls_context):
        with pytest.raises(ConfigurationError, match="go together"):
            read(kafka(made, **{variable: ""}))


def test_files_that_hold_something_else_are_named(made: Path, tmp_path: Path) -> None:
    text = tmp_path / "text.pem"
    text.write_text("certificate")

    for read in (tls_config, tls_context):
        with pytest.raises(ConfigurationError, match="BROKER_CA_FILE"):
            read(kafka(made, broker_ca_file=text))
        with pytest.raises(ConfigurationError, match="BROKER_CERT_FILE"):
            read(kafka(made, broker_cert_file=text))
        with pytest.raises(ConfigurationError, match="BROKER_KEY_FILE"):
            read(kafka(made, broker_key_file=made / "mediasieve-record.key"))


def test_certificates_are_made_once(made: Path) -> None:
    files = {path: path.read_bytes() for path in made.iterdir() if path.name != "locked.key"}

    make_certificates(made)

    assert {path: path.read_bytes() for path in files} == files
    assert (made / "ca.key").stat().st_mode & 0o077 == 0
