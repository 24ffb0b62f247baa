"""The plug-in `http`: its options, and its calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from yarl import URL

from streams.errors import BadInput, Reason
from streams.moderation.callbacks import callback_id
from streams.moderation.http.client import ModeratorClient, Part, Request
from streams.moderation.http.later import LateAnswers
from streams.moderation.http.mapping import MappingPart, read_mapping
from streams.moderation.http.reading import read_answers
from streams.moderation.http.template import fill, values_of
from streams.moderation.moderator import (
    BadOption,
    ItemAnswer,
    Moderator,
    ModeratorFailure,
    PluginContext,
    Question,
)
from streams.moderation.verdict_rules import VerdictRules

OPTIONS: Final = frozenset({"url", "mapping", "keys", "verdict"})
MAX_KEYS: Final = 100
MAX_KEY_CHARS: Final = 4096


class HttpModerator(Moderator):
    """Asks an HTTP service.

    Args:
        url: of the service.
        mapping: how to ask, and to read answers.
        rules: from labels to a status; None where the response has a status.
        keys: API keys, for `${key}`.
        context: name and version of the moderator, the part of a medium that is sent, the most questions in one
            request, the time of one request.
    """

    def __init__(
        self,
        url: str,
        mapping: MappingPart,
        rules: VerdictRules | None,
        keys: Sequence[str],
        context: PluginContext,
    ) -> None:
        self.sends, self.batch_size, self.keys = context.sends or "url", context.batch_size, max(1, len(keys))
        self._url, self._mapping, self._rules, self._keys = url, mapping, rules, tuple(keys)
        self._name, self._version = context.name, context.version
        self._client = ModeratorClient(context.timeout_s, keys)
        self._late: LateAnswers | None = None
        if mapping.job is not None or mapping.callback is not None:
            self._late = LateAnswers(self._client, mapping, rules, context.callbacks)
            self.max_s = self._late.timeout_s + 3 * context.timeout_s

    async def ask(self, questions: Sequence[Question], key: int) -> Sequence[ItemAnswer]:
        further = {"key": self._keys[key]} if self._keys else {}
        if self._late is not None:
            return [await self._ask_later(questions[0], self._late, further)]
        try:
            response = await self._client.send(self._request(questions, further))
        except BadInput as refusal:
            if len(questions) > 1:  # one of them is at fault: each is asked alone
                raise ModeratorFailure(Reason.MODERATOR_UNAVAILABLE, refusal.detail) from refusal
            return [refusal]
        return read_answers(response, self._mapping.response, self._rules, questions)

    async def _ask_later(self, question: Question, late: LateAnswers, further: Mapping[str, str]) -> ItemAnswer:
        """Ask, unless that was done before, and wait for the answer."""
        question_id = callback_id(question.decision.decision_id, self._name, self._version)
        note = question.note or None
        if note is None:
            request = self._request([question], {**further, **late.further(question_id)})
            try:
                note = late.note_of(await self._client.send(request))
            except BadInput as refusal:
                return refusal
            await question.keep_note(note)
        return await late.wait(question, question_id, note, self._headers(question, {**further, "callback_url": ""}))

    def _request(self, questions: Sequence[Question], further: Mapping[str, Any]) -> Request:
        part = self._mapping.request
        first = values_of(questions[0], further)
        url = str(URL(self._url).extend_query(fill(part.query, first))) if part.query else self._url
        headers = self._headers(questions[0], further)
        if part.body == "json":
            items = [fill(part.item, values_of(question, further)) for question in questions]
            value = values_of(questions[0], {**further, "items": items})
            return Request(part.method, url, headers, json=fill(part.json_body, value))
        if part.body == "multipart":
            return Request(part.method, url, headers, parts=tuple(_parts(part.parts, questions[0], further)))
        body = questions[0].data if part.body == "bytes" else None
        return Request(part.method, url, headers, body=body)

    def _headers(self, question: Question, further: Mapping[str, str]) -> dict[str, str]:
        filled = fill(self._mapping.request.headers, values_of(question, further))
        return {name: str(value) for name, value in filled.items()}

    async def close(self) -> None:
        await self._client.close()


def _parts(templates: Mapping[str, str], question: Question, further: Mapping[str, Any]) -> list[Part]:
    found = []
    for name, template in templates.items():
        if template == "${bytes}":
            if question.data is not None:
                found.append(Part(name, question.data, filename="medium"))
            continue
        value = fill(template, values_of(question, further))
        if value is not None:
            found.append(Part(name, str(value)))
    return found


def make_http(context: PluginContext) -> HttpModerator:
    """The plug-in `http`. Raises BadOption and ModerationFileError."""
    options = context.options
    for name in options:
        if name not in OPTIONS:
            raise BadOption((name,), f"there is no such option; there are {', '.join(sorted(OPTIONS))}")
    url = _checked_url(options.get("url"))
    mapping, rules = read_mapping(options.get("mapping"), context.folder)
    if "verdict" in options:
        if mapping.response.labels is None:
            raise BadOption(("verdict",), "the mapping reads no labels: say where they are with response.labels")
        rules = VerdictRules.read(options["verdict"], ("verdict",))
    if rules is None and mapping.response.status is None:
        raise BadOption((), "say what labels mean with `verdict`: a list of rules")
    if mapping.job is not None and URL(mapping.job.url.replace("${job}", "1")).origin() != URL(url).origin():
        raise BadOption(("mapping",), "job.url must be on the host of url: keys go to no other")
    if context.batch_size > 1 and mapping.request.item is None:
        raise BadOption(("mapping",), "the mapping asks about one content at a time: set batch.size to 1")
    if mapping.callback is not None and context.callbacks is None:
        detail = (
            "callbacks need MEDIASIEVE_CALLBACK_URL, the API as the service reaches it, and MEDIASIEVE_CALLBACK_SECRET"
        )
        raise BadOption(("mapping",), detail)
    return HttpModerator(url, mapping, rules, _read_keys(options.get("keys", []), context.folder), context)


def _checked_url(value: object) -> str:
    try:
        url = URL(str(value))
    except ValueError:
        url = URL()
    if url.scheme not in ("http", "https") or not url.host or url.user or url.password:
        raise BadOption(("url",), "must be an http or https URL without a user name; keys come from `keys`")
    return str(url)


def _read_keys(files: object, folder: Path) -> list[str]:
    """The API keys: the first line of every file."""
    names = [files] if isinstance(files, str) else files
    if not isinstance(names, list) or len(names) > MAX_KEYS:
        raise BadOption(("keys",), f"must be a list of at most {MAX_KEYS} files, with a key in each")
    return [_read_key(folder / str(name), number) for number, name in enumerate(names)]


def _read_key(path: Path, number: int) -> str:
    try:
        with path.open(encoding="utf-8") as file:
            key = file.readline(MAX_KEY_CHARS + 2).strip()
    except (OSError, UnicodeDecodeError) as error:
        said = error.strerror if isinstance(error, OSError) else "not a text"
        raise BadOption(("keys", number), f"the key file {path} cannot be read: {said}") from error
    if not key or len(key) > MAX_KEY_CHARS or not key.isprintable():
        raise BadOption(("keys", number), f"the key file {path} must have the key in its first line")
    return key
