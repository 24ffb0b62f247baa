"""The mapping file: how a question becomes a request, and a response an answer. deploy/moderators has examples."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from streams.config.yaml_file import YamlProblem
from streams.domain.records.verdict import GivenStatus
from streams.moderation.http.template import check_template
from streams.moderation.moderation_file import ModerationFileError, read_document
from streams.moderation.moderator import BadOption
from streams.moderation.verdict_rules import VerdictRules

#: Names and numbers, joined by dots, from the top of a response to a value; `*` stands for every entry of a list.
ResponsePath = str


class _MappingPart(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class RequestPart(_MappingPart):
    """The request. `json` and `parts` are templates; with `item`, `${items}` in `json` is the list of a batch."""

    method: Literal["POST", "PUT", "GET"] = "POST"
    query: dict[str, str] = Field(default_factory=dict)
    headers: dict[str, str] = Field(default_factory=dict)
    body: Literal["json", "multipart", "bytes", "none"] = "json"
    json_body: Any = Field(default=None, alias="json")
    item: Any = None
    parts: dict[str, str] = Field(default_factory=dict)


class LabelsPart(_MappingPart):
    """Where labels are: a `list` of objects with `name`, `score` and `parent`, a list of `names`, or a `map` from names
    to scores, also of maps. `words` gives scores for texts, `scale` is the highest score.
    """

    path: ResponsePath
    form: Literal["list", "names", "map"] = "list"
    name: ResponsePath = "name"
    score: ResponsePath | None = None
    parent: ResponsePath | None = None
    words: dict[str, float] = Field(default_factory=dict)
    scale: float = Field(default=1.0, gt=0)


class ResponsePart(_MappingPart):
    """How a response is read: `status` with `statuses`, rules over `labels` (`verdict`), or both: `status` first."""

    items: ResponsePath | None = None
    id: ResponsePath | None = None
    error: ResponsePath | None = None
    status: ResponsePath | None = None
    statuses: dict[str, GivenStatus] = Field(default_factory=dict)
    labels: LabelsPart | None = None
    verdict: list[Any] | None = None
    reason: ResponsePath | None = None
    version: ResponsePath | None = None

    @model_validator(mode="after")
    def _says_how_to_decide(self) -> ResponsePart:
        if (self.status is None) != (not self.statuses):
            raise ValueError("status (a path) and statuses (what its values mean) belong together")
        if self.verdict is not None and self.labels is None:
            raise ValueError("verdict has rules about labels; say where they are with labels")
        return self


class JobPart(_MappingPart):
    """Of a service that answers later: the first response has the job's `id`, and `url` tells how it stands."""

    id: ResponsePath
    url: str
    state: ResponsePath
    done: list[str] = Field(min_length=1)
    failed: list[str] = Field(default_factory=list)
    every_s: float = Field(default=2.0, gt=0, le=600)
    timeout_s: float = Field(default=300.0, gt=0, le=86_400)


class CallbackPart(_MappingPart):
    """Of a service that calls back: a request with `${callback_url}` is answered at that address within `timeout_s`."""

    timeout_s: float = Field(default=3_600.0, gt=0, le=86_400)


class MappingPart(_MappingPart):
    """A mapping file. With `callback` and `job`, the job is asked for while the callback has not come."""

    request: RequestPart
    response: ResponsePart
    job: JobPart | None = None
    callback: CallbackPart | None = None


def read_mapping(value: object, folder: Path) -> tuple[MappingPart, VerdictRules | None]:
    """The mapping that an option names or holds, with its rules.

    Raises:
        BadOption: a mapping that stands in the moderation file is wrong.
        ModerationFileError: a mapping file is missing or wrong.
    """
    if isinstance(value, dict):
        try:
            return _checked(value)
        except BadOption as error:
            raise BadOption(("mapping", *error.path), error.problem) from error
    if not isinstance(value, str):
        raise BadOption(("mapping",), "must name a mapping file, or hold a mapping with request and response")
    path = folder / value
    document = read_document(path)
    try:
        return _checked(document.value)
    except BadOption as error:
        where = ".".join(map(str, error.path))
        raise ModerationFileError(
            path, [YamlProblem(document.line(error.path), f"{where}: {error.problem}")]
        ) from error


def _checked(value: object) -> tuple[MappingPart, VerdictRules | None]:
    try:
        mapping = MappingPart.model_validate(value)
    except ValidationError as error:
        first = error.errors()[0]
        raise BadOption(first["loc"], first["msg"].removeprefix("Value error, ")) from error
    _check_templates(mapping)
    rules = mapping.response.verdict
    return mapping, None if rules is None else VerdictRules.read(rules, ("response", "verdict"))


def _check_templates(mapping: MappingPart) -> None:
    request = mapping.request
    further = frozenset({"key"} if mapping.callback is None else {"key", "callback_url"})
    check_template(request.headers, ("request", "headers"), further)
    check_template(request.query, ("request", "query"), further)
    check_template(request.parts, ("request", "parts"), further | {"bytes"})
    check_template(request.item, ("request", "item"), further)
    in_json = further | {"items"} if request.item is not None else further
    check_template(request.json_body, ("request", "json"), in_json)
    if mapping.job is not None:
        check_template(mapping.job.url, ("job", "url"), frozenset({"job"}))
        if "${job}" not in mapping.job.url:
            raise BadOption(("job", "url"), "must have ${job}, the id of the job")
        if request.item is not None:
            raise BadOption(("job",), "jobs are asked for one content at a time: leave out request.item")
    if mapping.callback is not None:
        _check_callback(request)
    if request.item is not None and (mapping.response.items is None or request.body != "json"):
        raise BadOption(("request", "item"), "a batch needs body: json, and response.items")


def _check_callback(request: RequestPart) -> None:
    if request.item is not None:
        raise BadOption(("callback",), "callbacks answer one content at a time: leave out request.item")
    if "${callback_url}" not in orjson.dumps(request.model_dump()).decode():
        raise BadOption(("request",), "must have ${callback_url}: the service calls back there")
