"""Refuses addresses that a URL must not lead to: the rules against server-side request forgery (SSRF).

Pure; opens no connection. The client checks every URL here, the resolver every address that a name resolves to. The
tables are written out because the answers of `ipaddress.is_global` changed between Python versions. They follow IANA's
special-purpose address registries for IPv4 and IPv6.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable

from yarl import URL

from streams.errors import BadInput, Reason

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_REFUSED_V4 = tuple(
    ipaddress.IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this network; 0.0.0.0 reaches the host itself
        "10.0.0.0/8",
        "100.64.0.0/10",  # carrier NAT; Alibaba's metadata at 100.100.100.200
        "127.0.0.0/8",
        "168.63.129.16/32",  # Azure's host agent, on a public address
        "169.254.0.0/16",  # link-local; metadata of most clouds
        "172.16.0.0/12",
        "192.0.0.0/24",  # protocol assignments; Oracle's metadata at 192.0.0.192
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
)
_GLOBAL_V6 = ipaddress.IPv6Network("2000::/3")
_REFUSED_V6 = tuple(
    ipaddress.IPv6Network(network)
    for network in (
        "2001::/23",  # protocol assignments, Teredo among them
        "2001:db8::/32",
        "2002::/16",  # 6to4: tunnels to the IPv4 address it embeds
        "3fff::/20",
    )
)
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_DEFAULT_PORTS = {"http": 80, "https": 443}


def _embedded(address: Address) -> Address:
    """The IPv4 address that packets to an IPv4-mapped or NAT64 address reach; any other address as it is."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in _NAT64:
            return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address


def is_public(address: Address) -> bool:
    """Whether an address is on the open internet. An embedded IPv4 address is judged instead of its IPv6 form."""
    address = _embedded(address)
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in network for network in _REFUSED_V4)
    return address in _GLOBAL_V6 and not any(address in network for network in _REFUSED_V6)


def literal_address(host: str) -> Address | None:
    """The address that a host is written as, or None for a name.

    Raises:
        BadInput: source_refused_address for notations that only a C library reads (2130706433, 0x7f.1, 0177.0.0.1) and
            for addresses with a zone.
    """
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        if not _reads_as_address(host):
            return None
        raise BadInput(Reason.SOURCE_REFUSED_ADDRESS, f"'{host}' is an unusual way to write an address") from None
    if isinstance(address, ipaddress.IPv6Address) and address.scope_id:
        raise BadInput(Reason.SOURCE_REFUSED_ADDRESS, f"'{host}' names a network interface")
    return address


def _reads_as_address(host: str) -> bool:
    """Whether a C library or aiohttp would read this as an address. For aiohttp: digits and dots, or a colon."""
    if ":" in host or host.replace(".", "").isdigit():
        return True
    try:
        socket.inet_aton(host)
    except OSError:
        return False
    return True


class AddressGuard:
    """Refuses addresses that are not public, unless the allow list permits them.

    Args:
        allow: networks (`10.1.0.0/16`), addresses (`10.1.2.3`, `10.1.2.3:9000`, `[fd00::1]:9000`) and host names
            (`minio.internal`, `minio.internal:9000`). A host name permits every address that it resolves to. An entry
            without a port permits every port.

    Raises:
        ValueError: an entry is neither a network, an address nor a host name.
    """

    def __init__(self, allow: Iterable[str] = ()) -> None:
        self._networks: list[tuple[Network, int | None]] = []
        self._hosts: set[tuple[str, int | None]] = set()
        for entry in allow:
            self._add(entry)

    def _add(self, entry: str) -> None:
        if "/" in entry:
            self._networks.append((ipaddress.ip_network(entry), None))
            return
        host, port = _split_port(entry)
        try:
            self._networks.append((ipaddress.ip_network(host), port))
        except ValueError:
            if not host or set(host) & set(" @?#[]%"):
                raise ValueError(f"'{entry}' is neither a network, an address nor a host name") from None
            self._hosts.add((_normalized(host), port))

    def check_url(self, url: URL) -> None:
        """Refuses a URL by everything that shows before its host is resolved.

        Raises:
            BadInput: unsupported_scheme, bad_url or source_refused_address.
        """
        if url.scheme not in _DEFAULT_PORTS:
            raise BadInput(Reason.UNSUPPORTED_SCHEME, f"'{url.scheme}' is not a scheme of the web; use http or https")
        if url.raw_user is not None or url.raw_password is not None:
            raise BadInput(Reason.BAD_URL, "URLs with a user name or password are not fetched")
        if not url.raw_host or not url.port:
            raise BadInput(Reason.BAD_URL, "the URL names no host, or an invalid port")
        address = literal_address(url.raw_host)
        if address is not None:
            self.check_address(url.raw_host, address, url.port)

    def check_address(self, host: str, address: Address, port: int) -> None:
        """Refuses an address just before a connection to it, whatever name led to it.

        Raises:
            BadInput: source_refused_address.
        """
        if not self.permits(host, address, port):
            raise BadInput(Reason.SOURCE_REFUSED_ADDRESS, f"'{host}' is at {address}, which is not public")

    def permits(self, host: str, address: Address, port: int) -> bool:
        if is_public(address):
            return True
        if {(_normalized(host), None), (_normalized(host), port)} & self._hosts:
            return True
        forms = (address, _embedded(address))
        return any(
            allowed_port in (None, port) and any(form in network for form in forms)
            for network, allowed_port in self._networks
        )


def _normalized(host: str) -> str:
    return host.rstrip(".").lower()


def _split_port(entry: str) -> tuple[str, int | None]:
    host, separator, port = entry.rpartition(":")
    if separator and port.isdigit() and (":" not in host or (host.startswith("[") and host.endswith("]"))):
        return host.strip("[]"), int(port)
    return entry.strip("[]"), None
