"""The slow twin with moderation: verdicts, splits, merges and their revised decisions, with lists and dicts.

It reads the log record by record. Groups are worked out from all links and contents each time; nothing is kept that
could be computed again, but where a revision has come to.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import orjson

from streams.domain.evidence.judge import judge
from streams.domain.records import decision_id
from tests.reference.copies import Judge
from tests.reference.hash_lists import HashLists, listable
from tests.reference.nearest import DAY_MS, Contents
from tests.reference.twin import PENDING, Twin, is_probe

KINDS = ("rule", "model", "list", "person")
NEVER = -(1 << 62)
ANSWER_MS = 38 * DAY_MS
DEFAULT = {"allowed_differs": 0.02, "review_differs": 0.05, "reuse_differs": 0.05}


@dataclass
class Membership:
    first: dict[str, Any]
    content: str
    expires_ms: int
    statuses: set[str]
    revision: int = 0
    told: Any = None
    offset: int = 0
    is_probe: bool = False


@dataclass
class Collection:
    verdicts: list[dict[str, Any]] = field(default_factory=list)
    links: list[tuple[str, str, str, str]] = field(default_factory=list)
    splits: set[frozenset[str]] = field(default_factory=set)
    members: dict[str, Membership] = field(default_factory=dict)
    submitted: dict[str, dict[str, None]] = field(default_factory=dict)
    firsts: dict[str, str] = field(default_factory=dict)
    media: dict[str, list[tuple[int, str, str]]] = field(default_factory=dict)
    waiting: dict[str, list[tuple[dict[str, Any], int]]] = field(default_factory=dict)
    founded: dict[str, tuple[int, str]] = field(default_factory=dict)
    walks: dict[str, dict[str, Any]] = field(default_factory=dict)
    chunks: dict[str, int] = field(default_factory=dict)
    hash_lists: HashLists = field(default_factory=HashLists)
    deletions: dict[str, dict[str, Any]] = field(default_factory=dict)
    deleted: dict[str, int] = field(default_factory=dict)


class ModeratedTwin(Twin):
    """`revised` has the ids of revised decisions in their order, `refused` the reasons of refused events.

    `later_chunks` counts the chunks of walks and deletions that a record of their own brought.

    Args:
        judge: decides on evidence.
        chunk: how many members one chunk of a revision visits.
        deletion_chunk: how many submissions one chunk of a deletion looks at.
        looked_at: how many contents one chunk looks at after a list changed.
        listed: how many of these may be on a list.
    """

    def __init__(
        self,
        judge: Judge = judge,
        *,
        chunk: int = 500,
        deletion_chunk: int = 100,
        looked_at: int = 2_000,
        listed: int = 100,
    ) -> None:
        super().__init__(judge)
        self.revised: list[str] = []
        self.refused: list[str] = []
        self._chunk = chunk
        self._looked_at, self._listed = looked_at, listed
        self._deletion_chunk = deletion_chunk
        self.later_chunks = 0
        self._moderated: dict[str, Collection] = {}
        self._answered: dict[str, int] = {}
        self._now = (0, 0)

    # -- the log

    def read(self, value: bytes, time_ms: int = 0, offset: int = 0) -> None:
        self._now = offset, time_ms
        record = orjson.loads(value)
        identity = decision_id(record["collection"], record["submission_id"], record["attempt"], 0)
        is_repeated = self._expires_ms.get(identity, NEVER) >= time_ms
        super().read(value, time_ms)
        if record["facts"] is None:
            return
        here, waited = self._of(record["collection"]), list[dict[str, Any]]()
        if is_repeated and here.deleted.get(identity, NEVER) >= time_ms:
            return  # the decision that says so is told again
        if not is_repeated:
            self._joined(here, record, self.decisions[identity], time_ms)
        for subject in () if is_probe(record) else (record["facts"]["content_id"], record["media_id"]):
            waiting = [each for each in here.waiting.pop(subject, []) if each[1] >= time_ms]
            spared = [each for each in waiting if is_about_earlier(each[0], record["submitted_at"])]
            here.waiting |= {subject: spared} if spared else {}
            waited += [each[0] for each in waiting if each not in spared]
        for number, event in enumerate(waited):
            self._apply(here, event, (offset, number), time_ms, has_waited=True)

    def read_event(self, value: bytes, time_ms: int, offset: int) -> None:
        self._now = offset, time_ms
        event = orjson.loads(value)
        key = f"{event['collection']}\0{event['event_id']}"
        if self._answered.get(key, NEVER) >= time_ms:
            return
        self._answered[key] = time_ms + ANSWER_MS
        self._apply(self._of(event["collection"]), event, (offset, 0), time_ms)

    def read_step(self, value: bytes, time_ms: int) -> None:
        self._now = self._now[0], time_ms
        step = orjson.loads(value)
        here = self._of(step["collection"])
        if step["group_content_id"] == "lists":
            self._look_through(here, step, time_ms)
            return
        walk = here.walks.get(step["group_content_id"])
        if walk is not None and walk["chunk"] == step["chunk"]:
            self.later_chunks += 1
            self._visit(here, step["collection"], step["group_content_id"], time_ms)

    def read_deletion_step(self, value: bytes, time_ms: int, offset: int) -> None:
        self._now = offset, time_ms
        step = orjson.loads(value)
        here = self._of(step["collection"])
        deletion = here.deletions.get(step["event_id"])
        if deletion is not None and deletion["chunk"] == step["chunk"]:
            self.later_chunks += 1
            self._delete_chunk(here, deletion, time_ms)

    def read_list_event(self, value: bytes, time_ms: int, offset: int) -> None:
        self._now = offset, time_ms
        event = orjson.loads(value)
        key = f"{event['collection']}\0{event['event_id']}"
        if self._answered.get(key, NEVER) >= time_ms:
            return
        self._answered[key] = time_ms + ANSWER_MS
        here = self._of(event["collection"])
        refused = here.hash_lists.apply(event, offset, time_ms)
        if refused is not None:
            self.refused.append(refused)
        elif event["event"] == "list_quarantine":
            roots = []
            for content in here.hash_lists.quarantined(event):
                if self._is_known(event["collection"], content):
                    roots += self._list_again(here, event["collection"], content, f"{event['event_id']}/{content}")
            self._revise_groups(here, event["collection"], roots, time_ms)

    # -- lists

    def _look_through(self, here: Collection, step: dict[str, Any], time_ms: int) -> None:
        """Judge the next contents after a list changed."""
        lists, collection = here.hash_lists, step["collection"]
        if not lists.walk["under_way"] or lists.walk["chunk"] != step["chunk"]:
            return
        known = self._contents.setdefault(collection, Contents()).known
        contents = sorted(each for each in known if each > lists.walk["after"] and self._is_known(collection, each))
        contents, is_end = contents[: self._looked_at], len(contents) < self._looked_at
        roots, count, after = [], 0, contents[-1] if contents else ""
        for content in contents:
            is_noted = content in lists.reached or any(lists.noted.get(content, ()))
            if not lists.hits(lists.hashes[content]) and not is_noted:
                continue
            roots += self._list_again(here, collection, content, f"lists/{step['chunk']}/{content}")
            count += 1
            if count == self._listed and content != after:
                after, is_end = content, False
                break
        lists.walk = {"chunk": step["chunk"] + 1, "after": "" if is_end else after, "under_way": not is_end}
        self._revise_groups(here, collection, roots, time_ms)

    def _list_again(self, here: Collection, collection: str, content_id: str, cause: str) -> list[str]:
        content = self._contents[collection].known[content_id]
        verdicts, counted = here.hash_lists.judge(content_id, here.hash_lists.hashes[content_id], cause)
        return self._list(here, content, verdicts, counted, self._statuses(here, content))

    def _list(
        self, here: Collection, content: Any, verdicts: list[dict[str, Any]], counted: list[Any], statuses: set[str]
    ) -> list[str]:
        """Make a content's verdicts by lists these; returns its group if it has others now."""
        noted = here.hash_lists.noted.get(content.content_id, ([], []))[1]
        noted += [entry for entry in counted if entry not in noted]
        here.hash_lists.noted[content.content_id] = [verdict["by"]["name"] for verdict in verdicts], noted
        root = self._root(here, content.group[0])
        names = self._linked(here, root)
        before = [
            verdict
            for verdict in here.verdicts
            if len(verdict["source"]) == 4 and verdict["source"][0] == content.content_id and verdict["home"] in names
        ]
        after = []
        for verdict in verdicts:
            same = [each for each in before if says(each["event"]) == says(verdict)]
            after += same or [
                {
                    "source": (content.content_id, "list", verdict["by"]["name"], "hashes"),
                    "event": verdict,
                    "media_id": content.media_id,
                    "home": content.group[0],
                    "order": verdict["order"],
                    "for_group": content.content_id == content.group[0] or verdict["status"] in statuses,
                }
            ]
        here.verdicts = [verdict for verdict in here.verdicts if not any(verdict is each for each in before)] + after
        return [root] if [id(each) for each in after] != [id(each) for each in before] else []

    def _statuses(self, here: Collection, content: Any) -> set[str]:
        if content.content_id == content.group[0]:
            return {"allowed", "review", "blocked"}
        first = here.members.get(here.firsts[content.content_id])
        is_known = first is not None and first.expires_ms >= self._now[1]
        return first.statuses if first is not None and is_known else statuses_of(DEFAULT, content.drift)

    # -- submissions

    def _of(self, collection: str) -> Collection:
        return self._moderated.setdefault(collection, Collection())

    def _joined(self, here: Collection, record: dict[str, Any], decision: dict[str, Any], time_ms: int) -> None:
        policy, content = record["policy"], record["facts"]["content_id"]
        known = self._probe or self._contents[record["collection"]].known[content]
        is_own = known.group[0] == content
        drift = 0 if is_own else known.drift
        statuses = statuses_of(policy, drift)
        expires_ms = self._expires_ms[decision["decision_id"]]
        is_kept = decision["outcome"] != "duplicate" and not is_probe(record)
        if is_kept:
            here.firsts[content] = decision["decision_id"]
        member = Membership(decision, content, expires_ms, statuses, offset=self._now[0], is_probe=is_probe(record))
        here.members[decision["decision_id"]] = member
        here.submitted.setdefault(content, {})[decision["decision_id"]] = None
        if policy["near"]:
            here.media.setdefault(record["media_id"], []).append((self._now[0], content, decision["decision_id"]))
        root = self._root(here, known.group[0])
        changed = []
        if is_kept:
            others = [verdict for verdict in here.verdicts if verdict["home"] in self._linked(here, root)]
            changed = self._list(here, known, *here.hash_lists.said.pop(), statuses)
            now = [verdict for verdict in here.verdicts if verdict["home"] in self._linked(here, root)]
            new = [verdict for verdict in now if not any(verdict is other for other in others)]
            others = [verdict for verdict in now if len(verdict["source"]) == 3 or verdict["source"][0] != content]
            changed = changed if any(reaches_others(verdict, others) for verdict in new) else []
            here.hash_lists.reached |= {content} if changed else set()
        held_back = told_inheritance(record, decision, statuses, drift)
        decision |= {"inheritance": held_back} if held_back else {}
        verdict = self._verdict(here, root, content, statuses)
        decision["group_content_id"], decision["group_media_id"] = root, self._media_of(here, root, known)
        if decision["match"] and decision["action"] == "reuse":
            decision["match"]["group_content_id"] = root
            decision["match"]["group_media_id"] = self._media_of(here, root, known)
            decision["verdict"]["inherited_from"] = decision["match"]["group_media_id"]
        if verdict is not None:
            decision["verdict"] = said(verdict, decision["media_id"])
            decision["action"] = "reuse"
        member.told = self._told(root, verdict, decision)
        self.decisions[decision["decision_id"]] = decision
        self._revise_groups(here, record["collection"], changed, time_ms)

    def _compare(self, record: dict[str, Any], time_ms: int) -> dict[str, Any]:
        here, own = self._of(record["collection"]), record["facts"]["content_id"]
        contents = self._contents.setdefault(record["collection"], Contents())
        apart = {other for pair in here.splits if own in pair for other in pair if other != own}
        groups = {contents.known[other].group[0] for other in apart if self._is_known(record["collection"], other)}
        lists, hashes = here.hash_lists, listable(record["facts"], record["policy"])
        negative = lists.is_negative(hashes) and not is_probe(record)
        contents.apart = lambda known: (
            negative
            or known.content_id in apart
            or known.group[0] in groups
            or lists.is_negative(lists.hashes[known.content_id])
        )
        if not self._is_known(record["collection"], own) and not is_probe(record):
            identity = decision_id(record["collection"], record["submission_id"], record["attempt"], 0)
            lists.hashes[own] = hashes
            lists.said.append(lists.judge(own, hashes, f"decision/{identity}"))
        return super()._compare(record, time_ms)

    def _is_known(self, collection: str, content: str) -> bool:
        contents = self._contents.get(collection)
        return contents is not None and content in contents.known and contents.known[content].expires_ms >= self._now[1]

    # -- events

    def _apply(
        self,
        here: Collection,
        event: dict[str, Any],
        order: tuple[int, int],
        time_ms: int,
        *,
        has_waited: bool = False,
    ) -> None:
        collection = event["collection"]
        content = event["content_id"]
        if content is None:
            content = next((found for _, found, _ in self._of_medium(here, event["media_id"], time_ms)), None)
        waits_for = None
        is_about_submitted = event["event"] == "deletion" and content is not None and event["media_id"] is not None
        if (content is None or not self._is_known(collection, content)) and not is_about_submitted:
            waits_for = event["content_id"] or event["media_id"]
        other = event["other_content_id"]
        if other is not None and other == content:
            self.refused.append("bad_field")
            return
        if other is not None and waits_for is None and not self._is_known(collection, other):
            waits_for = other
        if waits_for is not None:
            waiting = here.waiting.setdefault(waits_for, [])
            if sum(expires_ms >= time_ms for _, expires_ms in waiting) >= 8:
                self.refused.append("too_many_waiting")
                return
            waiting.append((event, time_ms + 7 * DAY_MS))
            return
        if event["event"] == "deletion":
            self._delete(here, event, order[0], time_ms, event["at"] if has_waited else None)
            return
        known = self._contents[collection].known
        if other is None:
            roots = self._said(here, event, known[content], order)
        else:
            change = {"split": self._split, "merge": self._merge, "undo": self._undo}[event["event"]]
            roots = change(here, known[content], known[other])
        self._revise_groups(here, collection, roots, time_ms)

    def _revise_groups(self, here: Collection, collection: str, roots: list[str], time_ms: int) -> None:
        for root in dict.fromkeys(roots):
            if root in here.walks:
                here.walks[root] |= {"until": here.walks[root]["after"], "wrapped": False}
            else:
                here.walks[root] = {"chunk": here.chunks.get(root, 0), "after": None, "until": None, "wrapped": False}
                self._visit(here, collection, root, time_ms)

    def _said(self, here: Collection, event: dict[str, Any], content: Any, order: tuple[int, int]) -> list[str]:
        source = content.content_id, event["by"]["kind"], event["by"]["name"]
        root = self._root(here, content.group[0])
        names = self._linked(here, root)
        before = [each for each in here.verdicts if each["source"] == source and each["home"] in names]
        here.verdicts = [each for each in here.verdicts if each not in before]
        if event["event"] == "withdrawal":
            return [root] if before else []
        passes = event["status"] in self._statuses(here, content)
        here.verdicts.append(
            {
                "source": source,
                "event": event,
                "media_id": content.media_id,
                "home": content.group[0],
                "order": order,
                "for_group": event["scope"] == "group" and passes,
            }
        )
        return [root]

    def _split(self, here: Collection, content: Any, other: Any) -> list[str]:
        here.splits.add(frozenset((content.content_id, other.content_id)))
        home, other_home = content.group[0], other.group[0]
        root = self._root(here, home)
        if self._root(here, other_home) != root:
            return []
        if home != other_home:
            return self._unlink(here, [link for link in here.links if home in link[2:]])
        leaver = other if content.content_id == home else content
        own = leaver.content_id
        leaver.group = own, leaver.media_id
        leaver.is_member, leaver.drift = False, 0
        taken = [
            verdict
            for verdict in here.verdicts
            if verdict["source"][0] == own and verdict["home"] in self._linked(here, root)
        ]
        sources = [verdict["source"] for verdict in taken]
        here.verdicts = [
            verdict
            for verdict in here.verdicts
            if verdict in taken or verdict["source"] not in sources or verdict["home"] not in self._linked(here, own)
        ]
        for verdict in taken:
            verdict |= {"home": own, "for_group": True}
        if self._root(here, own) == root:  # a group of this name was merged with the group that it left
            return self._unlink(here, [link for link in here.links if own in link[2:]])
        return [root, self._root(here, own)]

    def _merge(self, here: Collection, content: Any, other: Any) -> list[str]:
        here.splits.discard(frozenset((content.content_id, other.content_id)))
        one, two = self._root(here, content.group[0]), self._root(here, other.group[0])
        if one == two:
            return []
        for member in (content, other):
            if len(self._linked(here, member.group[0])) == 1:
                here.founded[member.group[0]] = self._founded(member)
        here.links.append((content.content_id, other.content_id, content.group[0], other.group[0]))
        for root in (one, two):
            here.walks.pop(root, None)
        return [self._root(here, content.group[0])]

    def _undo(self, here: Collection, content: Any, other: Any) -> list[str]:
        pair = frozenset((content.content_id, other.content_id))
        if pair in here.splits:
            return self._merge(here, content, other)
        return self._unlink(here, [link for link in here.links if frozenset(link[:2]) == pair])

    def _unlink(self, here: Collection, links: list[tuple[str, str, str, str]]) -> list[str]:
        if not links:
            return []
        names = self._linked(here, links[0][2])
        here.walks.pop(self._root(here, links[0][2]), None)
        here.links = [link for link in here.links if link not in links]
        return list(dict.fromkeys(self._root(here, name) for name in names))

    # -- deletions

    def _of_medium(self, here: Collection, media_id: str, time_ms: int) -> list[tuple[int, str, str]]:
        """Offset, content and decision id of a medium's submissions that have not expired, the newest first."""
        live = [
            (offset, content, identity)
            for offset, content, identity in here.media.get(media_id, [])
            if identity in here.members
            and here.members[identity].content == content
            and here.members[identity].offset == offset
            and here.members[identity].expires_ms >= time_ms
        ]
        return sorted(live, key=lambda each: (-each[0], each[1], each[2].replace("-", "")))

    def _delete(
        self, here: Collection, event: dict[str, Any], offset: int, time_ms: int, spares_after: str | None
    ) -> None:
        by_medium = event["media_id"] is not None and bool(self._of_medium(here, event["media_id"], time_ms))
        deletion = {"event": event, "until": offset, "after": None, "chunk": 0, "by_medium": by_medium}
        deletion["spares_after"] = spares_after
        here.deletions[event["event_id"]] = deletion
        self._delete_chunk(here, deletion, time_ms)

    def _delete_chunk(self, here: Collection, deletion: dict[str, Any], time_ms: int) -> None:
        event, until, after = deletion["event"], deletion["until"], deletion["after"]
        content, medium = event["content_id"], event["media_id"]
        places: list[tuple[Any, str]] = []
        if deletion["by_medium"]:
            for offset, found, identity in self._of_medium(here, medium, time_ms):
                places.append(((-offset, found, identity.replace("-", "")), identity))
            places = [place for place in places if -place[0][0] <= until]
        else:
            for identity, member in here.members.items():
                if member.content == content and member.expires_ms >= time_ms:
                    places.append((identity.replace("-", ""), identity))
        places.sort()
        left = [place for place in places if after is None or place[0] > after]
        chunk = left[: self._deletion_chunk]
        is_end = len(chunk) < self._deletion_chunk
        settled: dict[str, None] = {}
        for _, identity in chunk:
            member = here.members[identity]
            is_meant = content in (None, member.content) and medium in (None, member.first["media_id"])
            if deletion["spares_after"] is not None and member.first["submitted_at"] > deletion["spares_after"]:
                is_meant = False
            if is_meant and member.offset <= until:
                self._tell_deleted(here, identity, member)
                if deletion["by_medium"]:
                    settled[member.content] = None
        if content is not None and is_end:
            settled[content] = None
        for each in settled:
            self._settle(here, event, each, time_ms)
        deletion |= {"chunk": deletion["chunk"] + 1, "after": chunk[-1][0] if chunk else after}
        if is_end:
            del here.deletions[event["event_id"]]

    def _tell_deleted(self, here: Collection, identity: str, member: Membership) -> None:
        first = member.first
        names = first["collection"], first["submission_id"], first["attempt"]
        told = {name: first[name] for name in ("collection", "media_id", "submission_id", "attempt", "kind")} | {
            "decision_id": decision_id(*names, member.revision + 1),
            "supersedes": decision_id(*names, member.revision),
            "revision": member.revision + 1,
            "outcome": "deleted",
            "origin": None,
            "action": "forget",
            "content_id": member.content,
            "match": None,
            "verdict": {**PENDING},
            "failure": None,
            "facts": None,
            "metadata": {},
            "submitted_at": first["submitted_at"],
            "fingerprinted_at": first["submitted_at"],
            "versions": {},
            "appears_in": [],
            "group_content_id": None,
            "group_media_id": None,
        }
        self.decisions[told["decision_id"]] = told
        self.revised.append(told["decision_id"])
        here.deleted[identity] = member.expires_ms
        del here.members[identity]

    def _settle(self, here: Collection, event: dict[str, Any], content: str, time_ms: int) -> None:
        contents = self._contents.get(event["collection"])
        if contents is None or not self._is_known(event["collection"], content):
            return
        known = contents.known[content]
        if event["media_id"] not in (None, known.media_id):
            return
        others = sorted(
            (identity.replace("-", ""), member)
            for identity, member in here.members.items()
            if member.content == content and member.expires_ms >= time_ms and not member.is_probe
        )
        if not others:
            del contents.known[content]
            return
        other = others[0][1]
        known.media_id, known.submission_id = other.first["media_id"], other.first["submission_id"]
        here.firsts[content] = other.first["decision_id"]

    # -- groups

    def _founded(self, member: Any) -> tuple[int, str]:
        for contents in self._contents.values():
            canonical = contents.known.get(member.group[0])
            if canonical is not None and canonical.expires_ms >= self._now[1] and member in contents.known.values():
                return canonical.first_ms, member.group[1]
        return member.first_ms, member.group[1]

    def _linked(self, here: Collection, name: str) -> set[str]:
        found, grown = {name}, True
        while grown:
            grown = False
            for _, _, one, two in here.links:
                if (one in found) != (two in found):
                    found, grown = found | {one, two}, True
        return found

    def _root(self, here: Collection, name: str) -> str:
        names = self._linked(here, name)
        return min(names, key=lambda each: (here.founded[each], each)) if len(names) > 1 else name

    def _media_of(self, here: Collection, root: str, known: Any) -> str:
        return here.founded[root][1] if root != known.group[0] else known.group[1]

    def _verdict(self, here: Collection, root: str, content: str, statuses: set[str]) -> dict[str, Any] | None:
        names = self._linked(here, root)
        holding = [
            verdict
            for verdict in here.verdicts
            if verdict["home"] in names
            and (verdict["source"][0] == content or (verdict["for_group"] and verdict["event"]["status"] in statuses))
        ]
        return max(holding, key=lambda each: strength(each, content), default=None)

    def _told(self, root: str, verdict: dict[str, Any] | None, first: dict[str, Any]) -> Any:
        first_group = first["match"]["group_content_id"] if first["match"] else first["content_id"]
        if verdict is None and root == first_group:
            return None
        if verdict is None:
            return root, None
        return root, verdict["order"], verdict["home"], verdict["for_group"], verdict["media_id"], said(verdict, "")

    # -- walks

    def _visit(self, here: Collection, collection: str, root: str, time_ms: int) -> None:
        walk = here.walks[root]
        names, places = self._linked(here, root), []
        for content in self._contents[collection].known.values():
            if content.group[0] not in names or content.expires_ms < time_ms:
                continue
            for identity in here.submitted.get(content.content_id, ()):
                member = here.members.get(identity)
                if member is not None and member.content == content.content_id and member.expires_ms >= time_ms:
                    key = in_order(content.group[0]), in_order(member.content), identity.replace("-", "")
                    places.append((key, identity))
        places.sort()
        left = [place for place in places if walk["after"] is None or place[0] > walk["after"]]
        chunk = left[: self._chunk]
        is_end = len(chunk) < self._chunk
        if walk["wrapped"]:
            within = [place for place in chunk if place[0] <= walk["until"]]
            is_end, chunk = is_end or len(within) < len(chunk), within
        for key, identity in chunk:
            self._revise(here, root, key[0][1], here.members[identity])
        here.chunks[root] = walk["chunk"] + 1
        if not is_end:
            walk |= {"chunk": walk["chunk"] + 1, "after": chunk[-1][0]}
        elif walk["until"] is not None and not walk["wrapped"]:
            walk |= {"chunk": walk["chunk"] + 1, "after": None, "wrapped": True}
        else:
            del here.walks[root]

    def _revise(self, here: Collection, root: str, home: str, member: Membership) -> None:
        everything = {"allowed", "review", "blocked"}
        verdict = self._verdict(here, root, member.content, everything if home == member.content else member.statuses)
        told = self._told(root, verdict, member.first)
        if told == member.told or member.is_probe:
            return
        member.revision, member.told = member.revision + 1, told
        first = member.first
        identity = first["collection"], first["submission_id"], first["attempt"]
        group_media = self._media_of(here, root, self._contents[first["collection"]].known[member.content])
        revised = {
            **first,
            "decision_id": decision_id(*identity, member.revision),
            "supersedes": decision_id(*identity, member.revision - 1),
            "revision": member.revision,
            "group_content_id": root,
            "group_media_id": group_media,
        }
        if first.get("inheritance"):
            is_for_review = first["inheritance"]["because"] == "review"
            still = root == member.content if is_for_review else home != member.content
            revised = revised if still else {key: value for key, value in revised.items() if key != "inheritance"}
        was = first["match"]["group_content_id"] if first["match"] else first["content_id"]
        if verdict is not None:
            revised["action"] = "reuse"
        elif root == first["content_id"] != was:
            revised["action"] = "process"
        if first["match"]:
            revised["match"] = {**first["match"], "group_content_id": root, "group_media_id": group_media}
        inherits = root != first["content_id"] or first["outcome"] == "duplicate"
        revised["verdict"] = {**PENDING, "inherited_from": group_media if inherits else None}
        if verdict is not None:
            revised["verdict"] = said(verdict, first["media_id"])
        self.decisions[revised["decision_id"]] = revised
        self.revised.append(revised["decision_id"])


def in_order(content_id: str) -> tuple[bool, str]:
    """Sorts contents that are known by parts of their bytes behind all others."""
    return "-parts:" in content_id, content_id


def statuses_of(policy: dict[str, Any], drift: int) -> set[str]:
    """The statuses that a content inherits which may differ from its group's canonical content in `drift` 64ths."""
    limits = {"allowed": "allowed_differs", "review": "review_differs", "blocked": "reuse_differs"}
    if drift >= 31:
        return set()
    return {status for status, rule in limits.items() if drift == 0 or drift <= int(policy[rule] * 64 + 1e-9)}


def is_about_earlier(event: dict[str, Any], submitted_at: str) -> bool:
    """A deletion of what was submitted before this."""
    return bool(event["event"] == "deletion" and event["at"] < submitted_at)


def told_inheritance(
    record: dict[str, Any], decision: dict[str, Any], statuses: set[str], drift: int
) -> dict[str, Any] | None:
    """What a first decision says about the verdicts that a copy does not inherit."""
    if decision["action"] == "review":
        return {"statuses": [], "because": "review", "drift": None}
    if statuses == {"allowed", "review", "blocked"}:
        return None
    passing = [status for status in ("allowed", "review", "blocked") if status in statuses]
    if record["facts"]["kind"] == "video":
        return {"statuses": passing, "because": "clip", "drift": None}
    return {"statuses": passing, "because": "changed", "drift": round(drift / 64, 4)}


def said(verdict: dict[str, Any], media_id: str) -> dict[str, Any]:
    """A verdict as decisions tell it."""
    event = verdict["event"]
    return {
        "status": event["status"],
        "by": event["by"]["name"],
        "reason": event["reason"],
        "at": event["at"],
        "inherited_from": None if verdict["media_id"] == media_id else verdict["media_id"],
        "kind": event["by"]["kind"],
        "version": event["by"]["version"],
        "labels": event["labels"],
        "content_id": verdict["source"][0],
        "entry": event.get("entry"),
    }


def says(event: dict[str, Any]) -> list[Any]:
    return [event["by"], event["status"], event["labels"], event["reason"], event["entry"]]


def strength(verdict: dict[str, Any], content: str) -> tuple[Any, ...]:
    own, kind, *_ = verdict["source"]
    return KINDS.index(kind), is_verified(verdict), verdict["order"], own == content, own


def reaches_others(verdict: dict[str, Any], others: list[dict[str, Any]]) -> bool:
    return verdict["for_group"] and not any(
        other["for_group"]
        and other["event"]["status"] == verdict["event"]["status"]
        and strength(other, "") > strength(verdict, "")
        for other in others
    )


def is_verified(verdict: dict[str, Any]) -> bool:
    entry = verdict["event"].get("entry")
    return entry is None or entry["confidence"] == "exact"
