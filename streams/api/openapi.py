"""The description of the API: OpenAPI 3.1 with problems in place of FastAPI's own errors, and keys as they are sent."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from streams.api.problems import MEDIA_TYPE, ProblemDocument
from streams.api.schemas.examples import add_examples

PROBLEMS: Final = {
    400: "The cursor is not valid.",
    401: "The key is missing or not valid.",
    403: "The key may not do this, or does not reach the collection.",
    408: "The body came too slowly.",
    413: "The body is too large.",
    415: "The type of the body is not supported.",
    422: "The request or the medium is not valid.",
    429: "Too many requests; `Retry-After` says when to ask again.",
    503: "Kafka or ClickHouse is away, or too much is asked at once; `Retry-After` says when to ask again.",
}
DESCRIPTION: Final = """
Recognise every copy in a stream of media, once: submit media and wait for decisions, look things up, search, and say
what is allowed.

Send a key as `Authorization: Bearer …`; without a key file the API serves its own machine only and needs none. Errors
are problems (RFC 9457) with a stable `code`. Lists have a `next_cursor`. Times are RFC 3339 in UTC.
"""


def operation_defaults() -> dict[int | str, dict[str, Any]]:
    """The problems that every operation may answer with."""
    return {status: _problem(text) for status, text in PROBLEMS.items()}


def missing(what: str) -> dict[int | str, dict[str, Any]]:
    """The answer 404 of an operation."""
    return {404: _problem(f"There is no such {what} in this collection.")}


def _problem(text: str) -> dict[str, Any]:
    return {"description": text, "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}}}


def describe(app: FastAPI) -> None:
    """Replaces how the app makes its description."""

    def openapi() -> dict[str, Any]:
        if not app.openapi_schema:
            app.openapi_schema = _description(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _description(app: FastAPI) -> dict[str, Any]:
    from pydantic import TypeAdapter

    from streams.api.schemas.search import SearchQuery, UrlLookup
    from streams.api.schemas.submissions import FormSubmission, UrlSubmission

    document = get_openapi(
        title="mediasieve",
        version=version("mediasieve"),
        openapi_version="3.1.0",
        description=DESCRIPTION.strip(),
        routes=app.routes,
        separate_input_output_schemas=False,
    )
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for model in (ProblemDocument, UrlSubmission, FormSubmission, SearchQuery, UrlLookup):
        schema = TypeAdapter(model).json_schema(ref_template="#/components/schemas/{model}")
        schemas.update(schema.pop("$defs", {}))
        schemas[model.__name__] = schema
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    components["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer", "description": "An API key."},
        "header": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "An API key."},
    }
    document["security"] = [{"bearer": []}, {"header": []}]
    for path in ("/live", "/livez", "/ready", "/readyz"):
        document["paths"][path]["get"]["security"] = []
    add_examples(document)
    return document


def main() -> None:
    """Writes the description to docs/reference/openapi.json of this checkout."""
    from pathlib import Path

    import orjson

    from streams.api.app import make_app
    from streams.config.settings import load_settings

    path = Path(__file__).resolve().parents[2] / "docs" / "reference" / "openapi.json"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(orjson.dumps(make_app(load_settings()).openapi(), option=orjson.OPT_INDENT_2) + b"\n")


if __name__ == "__main__":
    main()
