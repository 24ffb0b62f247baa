"""Refused addresses, and the exceptions of the allow list."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from streams.errors import BadInput, Reason
from streams.sources.http.address_guard import AddressGuard, is_public

REFUSED = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:0:5ef5:79fb::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:c0a8:101::1",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fd20:ce::254",
    "fe80::1",
    "fec0::1",
    "ff02::1",
]
PUBLIC = ["1.1.1.1", "8.8.8.8", "172.32.0.1", "100.128.0.1", "::ffff:8.8.8.8", "64:ff9b::808:808", "2606:4700::1111"]


@pytest.mark.parametrize("address", REFUSED)
def test_non_public_addresses_are_refused(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_permitted(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@given(st.ip_addresses(v=4))
def test_mapped_and_nat64_addresses_are_judged_as_the_address_they_lead_to(address: ipaddress.IPv4Address) -> None:
    for prefix in ("::ffff:0:0", "64:ff9b::"):
        embedded = ipaddress.IPv6Address(int(ipaddress.IPv6Address(prefix)) + int(address))
        assert is_public(embedded) is is_public(address)


@given(st.ip_addresses())
def test_nothing_that_python_calls_private_is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    if address.is_private or address.is_loopback or address.is_link_local or address.is_multicast:
        mapped = isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None
        assert mapped or not is_public(address)


def refused_for(url: str, *allow: str) -> Reason | None:
    try:
        AddressGuard(allow).check_url(URL(url))
    except BadInput as refused:
        return refused.reason
    return None


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.0.0.1.",
        "127.1",
        "127.0.1",
        "2130706433",
        "0x7f000001",
        "0x7f.0.0.1",
        "0177.0.0.1",
        "0",
        "①②⑦.⓪.⓪.①",
        "[::1]",
        "[::]",
        "[0:0:0:0:0:0:0:1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[fe80::1%25eth0]",
        "[fd00:ec2::254]",
        "169.254.169.254",
    ],
)
def test_literal_addresses_are_judged_in_every_notation(host: str) -> None:
    assert refused_for(f"http://{host}/") is Reason.SOURCE_REFUSED_ADDRESS
    assert refused_for(f"https://{host}:8443/a.jpg") is Reason.SOURCE_REFUSED_ADDRESS


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://user@example.org/", Reason.BAD_URL),
        ("http://user:secret@example.org/", Reason.BAD_URL),
        ("http://:secret@example.org/", Reason.BAD_URL),
        ("ftp://example.org/", Reason.UNSUPPORTED_SCHEME),
        ("gopher://example.org/", Reason.UNSUPPORTED_SCHEME),
        ("//example.org/", Reason.UNSUPPORTED_SCHEME),
        ("http:/example.org", Reason.BAD_URL),
        ("http://example.org:0/", Reason.BAD_URL),
        ("http://example.org/", None),
        ("http://example.org:81/", None),
        ("https://1.1.1.1:8443/", None),
    ],
)
def test_urls_are_checked_before_resolution(url: str, reason: Reason | None) -> None:
    assert refused_for(url) is reason


@pytest.mark.parametrize(
    ("allow", "host", "address", "port", "permitted"),
    [
        ("10.1.0.0/16", "10.1.2.3", "10.1.2.3", 80, True),
        ("10.1.0.0/16", "10.2.2.3", "10.2.2.3", 80, False),
        ("10.1.0.0/16", "name", "::ffff:10.1.2.3", 80, True),
        ("10.1.2.3", "name", "10.1.2.3", 9000, True),
        ("10.1.2.3:9000", "name", "10.1.2.3", 9000, True),
        ("10.1.2.3:9000", "name", "10.1.2.3", 80, False),
        ("[fd00::1]:9000", "name", "fd00::1", 9000, True),
        ("[fd00::1]:9000", "name", "fd00::1", 9001, False),
        ("fd00::1", "name", "fd00::1", 9001, True),
        ("fd00::/8", "name", "fd12::1", 80, True),
        ("Minio.internal", "minio.INTERNAL.", "192.168.0.9", 80, True),
        ("minio.internal", "minio.internal.evil.org", "192.168.0.9", 80, False),
        ("minio.internal:9000", "minio.internal", "192.168.0.9", 9000, True),
        ("minio.internal:9000", "minio.internal", "192.168.0.9", 80, False),
        ("minio.internal", "192.168.0.9", "192.168.0.9", 80, False),
    ],
)
def test_the_allow_list_permits_exactly_its_entries(
    allow: str, host: str, address: str, port: int, permitted: bool
) -> None:
    assert AddressGuard([allow]).permits(host, ipaddress.ip_address(address), port) is permitted


@pytest.mark.parametrize("entry", ["10.0.0.1/8", "a b", "user@host", "", "http://host"])
def test_an_invalid_allow_list_entry_is_named(entry: str) -> None:
    with pytest.raises(ValueError, match=r"host bits|is neither a network|does not appear"):
        AddressGuard([entry])
