"""Finds the key of a request and checks its roles. Without a key file, only this machine is served."""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends, Query, Request
from starlette.datastructures import Headers

from streams.api.access.sessions import Sessions, session_of
from streams.api.cursors import CursorSigner
from streams.api.problems import Problem
from streams.config.api_keys import LOCAL_KEY, ApiKey, LiveKeys, Role
from streams.config.settings import Settings
from streams.domain.records import COLLECTION_REGEX
from streams.errors import ConfigurationError

COLLECTION_PATTERN: Final = r"^[a-z0-9][a-z0-9._-]{0,127}$"


@dataclass(frozen=True, slots=True)
class Principal:
    """The key that asks."""

    key: ApiKey

    @property
    def name(self) -> str:
        return self.key.name

    def check_role(self, role: Role) -> None:
        if not self.key.may(role):
            raise Problem(403, "role_missing", f"The key needs the role {role!r}; those who run this API give it.")

    def check_collection(self, collection: str) -> str:
        """The collection, if the key reaches it, whether there is such a collection or not."""
        if not self.key.reaches(collection):
            raise Problem(403, "collection_forbidden", "Name a collection that the key reaches; /v1/me says which.")
        return collection

    def choose_collection(self, *named: str | None) -> str:
        """The first collection that is named; else the only one of the key, else `default`. The key must reach it."""
        return self.check_collection(next(filter(None, named), None) or self._own_collection())

    def _own_collection(self) -> str:
        own = self.key.collections
        return own[0] if len(own) == 1 and COLLECTION_REGEX.fullmatch(own[0]) else "default"


class Authenticator:
    """Finds the key of a request.

    Args:
        settings: name the key file.
        signer: of the process, for sessions of the console.

    Raises:
        ConfigurationError: the key file cannot be used, or there is none and the address is not of this machine.
    """

    def __init__(self, settings: Settings, signer: CursorSigner | None = None) -> None:
        self.sessions = Sessions(signer or CursorSigner(settings.api.secret.get_secret_value()))
        self._keys = LiveKeys(settings.api.key_file) if settings.api.key_file is not None else None
        host = settings.api.address.rpartition(":")[0].strip("[]") or "127.0.0.1"
        if self._keys is None and not _is_loopback(host):
            raise ConfigurationError(
                "Without keys the API serves this machine only: let MEDIASIEVE_API begin with 127.0.0.1, or make a key "
                "with `mediasieve keys new` and name its file in MEDIASIEVE_API_KEYS."
            )

    @property
    def needs_keys(self) -> bool:
        return self._keys is not None

    def authenticate(self, headers: Headers, method: str = "GET") -> Principal:
        """The principal of a request: of its key, or else of its session.

        Raises:
            Problem: the key is missing or unknown; without a key file, the request comes from a web page.
        """
        if self._keys is None:
            _check_local(headers)
            return Principal(LOCAL_KEY)
        scheme, _, token = headers.get("authorization", "").partition(" ")
        key = token.strip() if scheme.lower() == "bearer" else headers.get("x-api-key", "")
        challenge = {"WWW-Authenticate": 'Bearer realm="mediasieve"'}
        if not key and (session := session_of(headers, method)):
            return self._in_session(session, challenge)
        if not key:
            raise Problem(401, "key_missing", "Send the header Authorization: Bearer and the key.", headers=challenge)
        found = self._keys.find(key)
        if found is None:
            raise Problem(401, "key_unknown", "Check the key; it may have expired or been removed.", headers=challenge)
        return Principal(found)

    def _in_session(self, session: str, challenge: dict[str, str]) -> Principal:
        digest = self.sessions.read(session)
        found = self._keys.find_hash(digest) if digest and self._keys else None
        if found is None:
            raise Problem(401, "key_unknown", "The session has ended; sign in again.", headers=challenge)
        return Principal(found)

    def close(self) -> None:
        if self._keys is not None:
            self._keys.close()


def principal_of(request: Request) -> Principal:
    principal: Principal = request.scope["state"]["principal"]
    return principal


def needs(role: Role) -> Callable[[Request], Awaitable[Principal]]:
    """A dependency: the principal, which must have the role."""

    async def check(request: Request) -> Principal:
        principal = principal_of(request)
        principal.check_role(role)
        return principal

    return check


Reader = Annotated[Principal, Depends(needs("read"))]
Submitting = Annotated[Principal, Depends(needs("submit"))]
Moderating = Annotated[Principal, Depends(needs("moderate"))]
Administering = Annotated[Principal, Depends(needs("admin"))]

CollectionQuery = Annotated[
    str | None,
    Query(
        pattern=COLLECTION_PATTERN,
        description="The namespace in which media are compared; else the only one of the key, else `default`.",
        examples=["shop"],
    ),
]


async def _reachable(request: Request, collection: CollectionQuery = None) -> str:
    return principal_of(request).choose_collection(collection)


async def _named(collection: CollectionQuery = None) -> str | None:
    return collection


NamedCollection = Annotated[str | None, Depends(_named)]
"""The query parameter `collection` where a body may name another: the route chooses, and checks what it chose."""

Collection = Annotated[str, Depends(_reachable)]
"""The query parameter `collection`, which the key must reach."""


def _check_local(headers: Headers) -> None:
    """Refuses web pages that reach for a port of this machine, also by a name that resolves to it."""
    host = headers.get("host", "").rpartition(":")[0] or headers.get("host", "")
    if not _is_loopback(host.strip("[]")) or headers.get("sec-fetch-site", "") in ("cross-site", "same-site"):
        raise Problem(403, "bad_host", "Without keys the API serves programs of this machine; call it by 127.0.0.1.")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
