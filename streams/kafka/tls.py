"""TLS to the broker, as librdkafka and as Faust want it: whom to trust, and the certificate that this client shows."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

from streams.config.parts.kafka import KafkaSettings
from streams.errors import ConfigurationError

CA, CERTIFICATE, KEY = "MEDIASIEVE_BROKER_CA_FILE", "MEDIASIEVE_BROKER_CERT_FILE", "MEDIASIEVE_BROKER_KEY_FILE"


def tls_config(settings: KafkaSettings) -> dict[str, Any]:
    """The part of librdkafka's configuration. Empty for a connection without TLS.

    Raises:
        ConfigurationError: as `tls_context`, which reads the files first: librdkafka would not say which one is wrong.
    """
    if tls_context(settings) is None:
        return {}
    config: dict[str, Any] = {}
    if settings.ca_file is not None:
        config["ssl.ca.location"] = str(settings.ca_file)
    own = _own_files(settings)
    if own is not None:
        config["ssl.certificate.location"], config["ssl.key.location"] = str(own[0]), str(own[1])
        config |= {"ssl.key.password": password} if (password := settings.key_password.get_secret_value()) else {}
    return config


def tls_context(settings: KafkaSettings) -> ssl.SSLContext | None:
    """The same for Faust. None for a connection without TLS. The broker's name must stand in its certificate.

    Raises:
        ConfigurationError: a file is missing or cannot be read, or only one of certificate and key is named.
    """
    if not settings.security_protocol.endswith("ssl"):
        return None
    authority = None if settings.ca_file is None else _existing(CA, settings.ca_file)
    own = _own_files(settings)
    password = settings.key_password.get_secret_value()
    try:
        context = ssl.create_default_context(cafile=authority)
    except (ssl.SSLError, OSError) as error:
        raise ConfigurationError(f"{CA}: {authority} holds no certificate in PEM ({error}).") from error
    if own is not None:
        try:
            context.load_cert_chain(*own, password=lambda: password)
        except (ssl.SSLError, OSError, ValueError) as error:
            raise ConfigurationError(
                f"{CERTIFICATE} and {KEY}: {own[0]} and {own[1]} are no certificate in PEM with its key ({error}); "
                "the password of the key is MEDIASIEVE_BROKER_KEY_PASSWORD."
            ) from error
    return context


def _own_files(settings: KafkaSettings) -> tuple[Path, Path] | None:
    """The certificate and the key of this client; None if it shows none."""
    certificate, key = settings.cert_file, settings.key_file
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        raise ConfigurationError(f"{CERTIFICATE} and {KEY} go together: name both, or none.")
    return _existing(CERTIFICATE, certificate), _existing(KEY, key)


def _existing(variable: str, path: Path) -> Path:
    if not path.is_file():
        raise ConfigurationError(f"{variable}: there is no file {path}.")
    return path
