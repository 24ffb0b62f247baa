"""The moderation file: which moderators there are, and which collection asks which. Mistakes are named with their line.

deploy/moderation.example.yaml is an example. Plug-ins check their own `options` (see plugins.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError

from streams.config.yaml_file import Document, YamlProblem, read_root, suggestion
from streams.domain.moderation.asking import Occasion
from streams.domain.policy.collections import is_pattern
from streams.domain.records.moderation import MAX_NAME_CHARS
from streams.domain.records.verdict import SourceKind
from streams.errors import ConfigurationError
from streams.moderation.moderator import BadOption, Sent

MAX_BYTES, MAX_DEPTH = 1 << 20, 32
MAX_PROBLEMS = 20
MAX_REMEMBERED = 1024
DAY_S = 86_400.0

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
Seconds = Annotated[float, Field(ge=0, le=30 * DAY_S)]


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _as_text(value: object) -> object:
    return str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value


class _FilePart(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LimitsPart(_FilePart):
    """Calls of one worker with one API key. `burst` calls may come at once after a pause."""

    per_second: float | None = Field(default=None, gt=0, le=100_000)
    per_day: int | None = Field(default=None, ge=1)


class RetryPart(_FilePart):
    """A question is asked `attempts` times; the wait doubles from `first_wait_s` to `max_wait_s`, with jitter."""

    attempts: int = Field(default=5, ge=1, le=100)
    first_wait_s: Seconds = 0.5
    max_wait_s: Seconds = 60.0
    give_up_after_s: Seconds | None = None


class BreakerPart(_FilePart):
    """After `failures` in a row nothing is asked for `open_s`, then one question, and so on."""

    failures: int = Field(default=5, ge=1, le=1000)
    open_s: Seconds = 30.0


class BatchPart(_FilePart):
    size: int = Field(default=1, ge=1, le=1000)
    wait_s: float = Field(default=0.1, ge=0, le=60)


class PricePart(_FilePart):
    """What one content costs."""

    amount: float = Field(ge=0, le=1_000_000)
    currency: str = Field(default="USD", pattern=r"^[A-Z]{3}$")


class ModeratorPart(_FilePart):
    """One moderator of the file. `plugin` says how it is asked, `kind` how its verdicts rank."""

    plugin: Name
    kind: SourceKind = "model"
    version: Annotated[str | None, BeforeValidator(_as_text), Field(max_length=MAX_NAME_CHARS)] = None
    send: Sent | None = None
    media: Annotated[tuple[Literal["image", "video"], ...], BeforeValidator(_as_list)] = ("image", "video")
    about: Annotated[tuple[Occasion, ...], BeforeValidator(_as_list)] = ("unique",)
    on_new_version: Literal["keep", "ask_again"] = "keep"
    max_bytes: int = Field(default=8 << 20, ge=1024, le=1 << 30)
    timeout_s: float = Field(default=20.0, gt=0, le=3600)
    concurrency: int = Field(default=8, ge=1, le=1000)
    price: PricePart = PricePart(amount=0)
    limits: LimitsPart = LimitsPart()
    retry: RetryPart = RetryPart()
    breaker: BreakerPart = BreakerPart()
    batch: BatchPart = BatchPart()
    options: dict[str, Any] = Field(default_factory=dict)


class _File(_FilePart):
    moderators: dict[Name, ModeratorPart]
    collections: dict[str, Annotated[tuple[str, ...], BeforeValidator(_as_list)]]
    not_before: datetime | None = None


class ModerationFileError(ConfigurationError):
    """A moderation file that cannot be used. `lines` has a line for every mistake: `file:line: mistake`."""

    def __init__(self, path: Path, problems: Sequence[YamlProblem]) -> None:
        ordered = sorted(problems, key=lambda problem: problem.line)[:MAX_PROBLEMS]
        self.lines = tuple(f"{path}:{problem.line or ''}{':' if problem.line else ''} {problem}" for problem in ordered)
        super().__init__("\n".join(self.lines))


@dataclass(frozen=True)
class ModerationFile:
    """Moderators by name, and for collections and patterns the moderators that are asked, in order.

    A name of a collection wins over every pattern, an earlier pattern over a later one. Decisions before
    `not_before_ms`, in milliseconds since the epoch, are not asked about.
    """

    path: Path
    moderators: dict[str, ModeratorPart]
    collections: dict[str, tuple[str, ...]]
    not_before_ms: int
    _document: Document = field(repr=False, compare=False)
    _remembered: dict[str, tuple[str, ...]] = field(default_factory=dict, repr=False, compare=False)

    def of(self, collection: str) -> tuple[str, ...]:
        """The names of the moderators of a collection, in the order in which they are asked; often none."""
        found = self._remembered.get(collection)
        if found is None:
            if len(self._remembered) >= MAX_REMEMBERED:
                self._remembered.clear()
            found = self._remembered[collection] = self._look_up(collection)
        return found

    def _look_up(self, collection: str) -> tuple[str, ...]:
        if collection in self.collections:
            return self.collections[collection]
        patterns = ((name, asked) for name, asked in self.collections.items() if is_pattern(name))
        return next((asked for name, asked in patterns if fnmatchcase(collection, name)), ())

    def wrong_option(self, moderator: str, error: BadOption) -> ModerationFileError:
        """The error for an option of a plug-in, with its line."""
        inside = error.path[1:] if error.path[:1] == ("..",) else ("options", *error.path)
        path = ("moderators", moderator, *inside)
        where = ".".join(map(str, path))
        return ModerationFileError(self.path, [YamlProblem(self._document.line(path), f"{where}: {error.problem}")])


def load_moderation_file(path: Path) -> ModerationFile:
    """The content of a moderation file. Options of plug-ins are not checked yet.

    Raises:
        ModerationFileError: the file is missing, is not valid YAML, or has a mistake.
    """
    document = read_document(path)
    try:
        file = _File.model_validate(document.value)
    except ValidationError as error:
        raise ModerationFileError(path, [_problem(document, each) for each in error.errors()]) from error
    problems = []
    for collection, names in file.collections.items():
        for name in names:
            if name not in file.moderators:
                text = f"collections.{collection}: there is no moderator {name!r}"
                line = document.line(("collections", collection))
                problems.append(YamlProblem(line, text + suggestion(name, tuple(file.moderators))))
    if problems:
        raise ModerationFileError(path, problems)
    since = file.not_before
    if since is not None and since.tzinfo is None:
        since = since.replace(tzinfo=UTC)
    since_ms = 0 if since is None else round(since.timestamp() * 1000)
    return ModerationFile(path, file.moderators, file.collections, since_ms, document)


def read_document(path: Path) -> Document:
    """A YAML file with the lines of its values.

    Raises:
        ModerationFileError: it is missing or not valid YAML.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        return Document(read_root(data, MAX_BYTES, MAX_DEPTH))
    except OSError as error:
        raise ModerationFileError(path, [YamlProblem(0, f"cannot be read: {error.strerror}")]) from error
    except YamlProblem as problem:
        raise ModerationFileError(path, [problem]) from problem


def _problem(document: Document, error: Any) -> YamlProblem:
    """A mistake that pydantic found, with its line."""
    path = tuple(each for each in error["loc"] if each != "[key]")
    text = error["msg"].removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        text = "there is no such setting here" + suggestion(str(path[-1]), _settings_at(path[:-1]))
    return YamlProblem(document.line(path), f"{'.'.join(map(str, path)) or 'the file'}: {text}")


def _settings_at(path: tuple[str | int, ...]) -> tuple[str, ...]:
    """The settings that may stand at a place of the file."""
    model: type[BaseModel] = _File
    if path[:1] == ("moderators",):
        model = ModeratorPart
        for name in path[2:]:
            part = model.model_fields[str(name)].annotation if str(name) in model.model_fields else None
            if not (isinstance(part, type) and issubclass(part, BaseModel)):
                break
            model = part
    return tuple(model.model_fields)
