"""Ends TLS in front of a server that speaks plain TCP, as a proxy or ClickHouse itself would."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def tls_in_front_of(port: int, certificates: Path, *, client_certificate: bool = False) -> Iterator[int]:
    """The port at which a server of this machine is reached by TLS, with the certificate `clickhouse` of a folder.

    Args:
        certificates: made by deploy/make-certificates.sh.
        client_certificate: clients must show one of the same authority.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "clickhouse.pem", certificates / "clickhouse.key")
    if client_certificate:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(certificates / "ca.pem")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_accept, args=(listener, context, port), daemon=True).start()
        yield int(listener.getsockname()[1])
        listener.shutdown(socket.SHUT_RDWR)


def _accept(listener: socket.socket, context: ssl.SSLContext, port: int) -> None:
    while True:
        try:
            plain, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=_serve, args=(plain, context, port), daemon=True).start()


def _serve(plain: socket.socket, context: ssl.SSLContext, port: int) -> None:
    """One connection. A client that is refused is only closed."""
    with contextlib.suppress(OSError), plain, context.wrap_socket(plain, server_side=True) as client:
        client.settimeout(30)
        client.read(0)  # TLS 1.3 tells a client late that its certificate is missing
        with socket.create_connection(("127.0.0.1", port)) as server:
            there = threading.Thread(target=_pass_on, args=(client, server), daemon=True)
            there.start()
            _pass_on(server, client)
            there.join(1)


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while part := source.recv(1 << 16):
            target.sendall(part)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)
