"""The option `--api`, its client, and answers as the values that tables print."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

from streams.errors import ConfigurationError

if TYPE_CHECKING:
    from streams.client import Client

Function = TypeVar("Function", bound=Callable[..., Any])
Value = TypeVar("Value")

#: Options that say where Kafka, ClickHouse and their data are.
LOCAL_OPTIONS = ("broker", "clickhouse", "data_dir", "policy_file")


def api_option(function: Function) -> Function:
    return click.option(
        "--api",
        "api_url",
        metavar="URL",
        callback=_check,
        help="Ask the HTTP API of a system that runs elsewhere; its key is in MEDIASIEVE_API_KEY.",
    )(function)


def _check(ctx: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    if value is not None and not value.startswith(("http://", "https://")):
        raise click.BadParameter("give the address of the API, such as https://media.example.com.", ctx)
    return value


@contextmanager
def api_client(url: str, collection: str | None = None) -> Iterator[Client]:
    """A client of the API.

    Raises:
        ConfigurationError: the client is not installed.
        click.UsageError: the command also says where Kafka or ClickHouse are.
    """
    try:
        from streams.client import Client
    except ImportError as error:
        raise ConfigurationError("--api needs the client: pip install 'mediasieve[api]'.") from error
    given = click.get_current_context().params
    for name in LOCAL_OPTIONS:
        if given.get(name):
            option = {"policy_file": "policy"}.get(name, name).replace("_", "-")
            raise click.UsageError(f"--api and --{option} name two places; give one of them.")
    with Client(url, collection=collection) as client:
        yield client


def read_as(kind: type[Value], document: Any) -> Value:
    """A JSON document of the API as the value that it was made of; fields that came later are left out.

    Raises:
        ApiError: the API has another version, and its answer lacks fields.
    """
    from pydantic import TypeAdapter, ValidationError

    from streams.client import ApiError

    try:
        return TypeAdapter(kind).validate_python(document)
    except ValidationError as error:
        wrong = ".".join(map(str, error.errors()[0]["loc"]))
        raise ApiError(0, "other_version", f"the API answers without a valid {wrong}: use its own version") from error
