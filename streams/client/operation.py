"""A method that both clients have: written once as steps, called as any function, awaited with an `AsyncClient`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Mapping
from functools import wraps
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar, overload

from streams.client.calls import Call
from streams.client.retries import Retries
from streams.client.steps import Steps, send

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


class Api(ABC):
    """What the steps of an operation know of their client."""

    collection: str | None
    retries: Retries

    def _in(self, collection: str | None) -> str | None:
        """The collection of a request."""
        return collection or self.collection

    def _send(self, call: Call) -> Steps[Any]:
        return send(call, self.retries)

    def _get(self, *parts: str, collection: str | None, **params: Any) -> Steps[Any]:
        """The answer to a GET of a path made of parts from outside; values that are None are left out."""
        given = {"collection": self._in(collection), **params}
        return self._send(Call.of("GET", *parts, params=given))

    def _post(
        self, *parts: str, collection: str | None, body: Mapping[str, Any], wait_s: float = 0.0, **params: Any
    ) -> Steps[Any]:
        """The answer to a POST of JSON; values that are None are left out."""
        given = {"collection": self._in(collection), **params}
        return self._send(Call.of("POST", *parts, params=given, body=body, wait_s=wait_s))


class SyncApi(Api):
    """Runs steps on the thread of the caller."""

    @abstractmethod
    def _run(self, steps: Steps[Result]) -> Result: ...


class AsyncApi(Api):
    """Runs steps in the event loop of the caller."""

    @abstractmethod
    async def _run(self, steps: Steps[Result]) -> Result: ...


class operation(Generic[Parameters, Result]):  # noqa: N801 - a decorator
    """Makes a method of both clients from a generator of steps."""

    def __init__(self, steps: Callable[Concatenate[Any, Parameters], Steps[Result]]) -> None:
        self._steps = steps
        self.__doc__ = steps.__doc__

    @overload
    def __get__(self, client: None, owner: type) -> Callable[Concatenate[Any, Parameters], Steps[Result]]: ...
    @overload
    def __get__(self, client: SyncApi, owner: type) -> Callable[Parameters, Result]: ...
    @overload
    def __get__(self, client: AsyncApi, owner: type) -> Callable[Parameters, Coroutine[Any, Any, Result]]: ...

    def __get__(self, client: SyncApi | AsyncApi | None, owner: type) -> Any:
        if client is None:
            return self._steps  # so that help() and inspect see a function

        @wraps(self._steps)
        def run(*args: Parameters.args, **named: Parameters.kwargs) -> Any:
            return client._run(self._steps(client, *args, **named))

        return run
