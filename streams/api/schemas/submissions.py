"""Bodies of submissions, and the answer to one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Final, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from streams.analytics.queries.stored import StoredDecision
from streams.api.access.auth import COLLECTION_PATTERN
from streams.api.problems import FieldError, Problem
from streams.domain.records.fields import MAX_ID_CHARS
from streams.domain.records.submission import MAX_URL_CHARS, Kind

Model = TypeVar("Model", bound=BaseModel)

NO_NUL: Final = r"^[^\x00]+$"
MediaId = Annotated[str, Field(min_length=1, max_length=MAX_ID_CHARS, pattern=NO_NUL)]
CollectionName = Annotated[str, Field(pattern=COLLECTION_PATTERN)]


class UrlSubmission(BaseModel):
    """A medium that workers fetch. Without a `media_id`, the URL is its id."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [
        {"media_id": "photo-1", "url": "https://cdn.example.com/1.jpg", "metadata": {"owner": "u-77"}}]})  # fmt: skip

    url: Annotated[str, Field(min_length=8, max_length=MAX_URL_CHARS, pattern=r"^https?://[^\x00\s]+$",
                              description="http or https; addresses that are not public are refused.")]  # fmt: skip
    media_id: MediaId | None = None
    collection: CollectionName | None = None
    kind: Kind | None = None
    priority: Annotated[int, Field(ge=0, le=9)] | None = None
    metadata: dict[str, Any] | None = None
    idempotency_key: Annotated[str, Field(max_length=255, pattern=r"^[\x21-\x7e]+$")] | None = None


class FormSubmission(BaseModel):
    """A form with the medium as its part `file`, which has a file name."""

    file: Annotated[bytes, Field(json_schema_extra={"contentMediaType": "application/octet-stream"})] = b""
    media_id: MediaId | None = None
    collection: CollectionName | None = None
    kind: Kind | None = None
    priority: Annotated[int, Field(ge=0, le=9)] | None = None
    metadata: Annotated[str, Field(max_length=4096, description="A JSON object.")] | None = None

    @classmethod
    def of(cls, fields: dict[str, str]) -> Self:
        """The fields of a form but its file.

        Raises:
            Problem: a field is wrong.
        """
        return validated(cls, {name: value for name, value in fields.items() if name != "file"})


@dataclass(frozen=True)
class Submitted:
    """A submission that Kafka has, at `partition` and `offset` of media.submissions; `decision` if it came in time."""

    submission_id: str
    media_id: str
    collection: str
    partition: int
    offset: int
    decision: StoredDecision | None


@dataclass(frozen=True)
class BatchResult:
    """One entry of a batch: `status` is 202 for a submission that Kafka has, else `code` and `detail` say why not."""

    index: int
    status: int
    media_id: str | None = None
    submission_id: str | None = None
    code: str | None = None
    detail: str | None = None


def decode_url_submission(document: Any) -> UrlSubmission:
    """Checks a document.

    Raises:
        Problem: names the fields that are wrong.
    """
    return validated(UrlSubmission, document)


def validated(model: type[Model], document: Any) -> Model:
    """A document as a model has it.

    Raises:
        Problem: names the fields that are wrong, and repeats nothing of the document.
    """
    try:
        return model.model_validate(document)
    except ValidationError as error:
        errors = [
            FieldError("body." + ".".join(str(part) for part in found["loc"] if part in model.model_fields),
                       found["type"].replace("_", " "))
            for found in error.errors(include_url=False, include_context=False, include_input=False)[:20]
        ]  # fmt: skip
        raise Problem(422, "bad_request", "Correct the fields that `errors` names.", errors=errors) from error
