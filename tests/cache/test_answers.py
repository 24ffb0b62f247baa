from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest

from streams import metrics
from streams.cache import AnswerCache, Freshness, Keep, KeptAnswer, Made
from streams.errors import BrokenInfrastructure
from tests.support.patience import PATIENCE_S

NEWS = Keep("news", 60.0)


@dataclass
class Question:
    """Counts how often it is asked; the answer is that number."""

    tags: tuple[str, ...] = ()
    may_keep: bool = True
    asked: int = 0
    takes_s: float = 0.0
    answered: defaultdict[int, asyncio.Event] = field(default_factory=lambda: defaultdict(asyncio.Event))

    async def __call__(self) -> Made:
        self.asked += 1
        answer = self.asked
        await asyncio.sleep(self.takes_s)
        self.answered[answer].set()
        return Made(b"[%d]" % answer, self.tags, self.may_keep)


@dataclass
class Clock:
    now_s: float = 1_000_000.0

    def __call__(self) -> float:
        return self.now_s


@dataclass
class Store:
    """A shared store of one process: a dictionary."""

    kept: dict[tuple[str, str], KeptAnswer] = field(default_factory=dict)

    async def read(self, namespace: str, name: str) -> KeptAnswer | None:
        return self.kept.get((namespace, name))

    def write(self, namespace: str, name: str, answer: KeptAnswer) -> None:
        self.kept[namespace, name] = answer


def followed() -> Freshness:
    freshness = Freshness()
    freshness.begin({0: 0})
    freshness.note_stored({0: 0})
    return freshness


async def ask(cache: AnswerCache, keep: Keep, question: Callable[[], Awaitable[Made]], *key: str) -> bytes:
    return (await cache.get(keep, key, question)).json()


async def test_equal_questions_at_once_are_asked_once() -> None:
    cache, question = AnswerCache(), Question(takes_s=0.02)
    answers = await asyncio.gather(*(ask(cache, NEWS, question, "c") for _ in range(1000)))
    assert (question.asked, set(answers)) == (1, {b"[1]"})
    assert await ask(cache, NEWS, question, "c") == b"[1]"
    assert await ask(cache, NEWS, question, "other") == b"[2]"


async def test_nothing_is_kept_of_a_question_that_fails() -> None:
    cache, question = AnswerCache(), Question()

    async def fail() -> Made:
        raise BrokenInfrastructure("away")

    with pytest.raises(BrokenInfrastructure):
        await ask(cache, NEWS, fail, "c")
    assert await ask(cache, NEWS, question, "c") == b"[1]"


async def test_a_question_goes_on_when_the_one_who_asked_leaves() -> None:
    cache, question = AnswerCache(), Question(takes_s=0.05)
    first = asyncio.ensure_future(ask(cache, NEWS, question, "c"))
    await asyncio.sleep(0.01)
    second = asyncio.ensure_future(ask(cache, NEWS, question, "c"))
    await asyncio.sleep(0.01)
    first.cancel()
    assert await second == b"[1]"


async def test_an_answer_has_its_time() -> None:
    clock = Clock()
    cache, question = AnswerCache(clock=clock), Question()
    assert await ask(cache, NEWS, question, "c") == b"[1]"
    clock.now_s += 59
    assert await ask(cache, Keep("news", 60.0), question, "c") == b"[1]"
    clock.now_s += 60
    assert await ask(cache, NEWS, question, "c") != b"[1]"
    assert await ask(cache, Keep("none", 0.0), question, "c") != await ask(cache, Keep("none", 0.0), question, "c")


async def test_an_answer_is_made_anew_before_its_time_is_over() -> None:
    clock = Clock()
    cache, question = AnswerCache(clock=clock), Question()
    await ask(cache, NEWS, question, "c")
    clock.now_s += 55
    assert await ask(cache, NEWS, question, "c") == b"[1]"
    await asyncio.wait_for(question.answered[2].wait(), PATIENCE_S)
    await asyncio.sleep(0.01)
    assert await ask(cache, NEWS, question, "c") == b"[2]"
    clock.now_s += 30
    assert await ask(cache, NEWS, question, "c") == b"[2]"


async def test_an_early_question_that_fails_harms_nobody() -> None:
    clock = Clock()
    cache, question = AnswerCache(clock=clock), Question()

    async def fail() -> Made:
        raise BrokenInfrastructure("away")

    await ask(cache, NEWS, question, "c")
    clock.now_s += 55
    assert await ask(cache, NEWS, fail, "c") == b"[1]"
    await asyncio.sleep(0.01)
    assert await ask(cache, NEWS, question, "c") == b"[1]"


async def test_a_decision_ends_the_answers_that_tell_of_it() -> None:
    freshness = followed()
    cache, question, other = AnswerCache(freshness), Question(("m",)), Question(("n",))
    assert await ask(cache, NEWS, question, "c") == b"[1]"
    assert await ask(cache, NEWS, other, "d") == b"[1]"
    freshness.note(["m"], 0, 0)
    assert await ask(cache, NEWS, question, "c") == b"[2]"
    assert await ask(cache, NEWS, question, "c") == b"[3]", "ClickHouse may not have it yet: nothing is kept"
    assert await ask(cache, NEWS, other, "d") == b"[1]"
    freshness.note_stored({0: 1})
    assert await ask(cache, NEWS, question, "c") == b"[4]"
    assert await ask(cache, NEWS, question, "c") == b"[4]"


async def test_what_was_decided_while_a_question_ran_ends_its_answer() -> None:
    freshness = followed()
    cache, question = AnswerCache(freshness), Question(("m",), takes_s=0.02)
    asking = asyncio.ensure_future(ask(cache, NEWS, question, "c"))
    await asyncio.sleep(0.005)
    freshness.note(["m"], 0, 0)
    freshness.note_stored({0: 1})
    assert await asking == b"[1]"
    assert await ask(cache, NEWS, question, "c") == b"[2]"


async def test_a_list_may_miss_what_is_recent_and_no_more() -> None:
    clock, freshness = Clock(), followed()
    cache, question = AnswerCache(freshness, clock=clock), Question()
    keep = Keep("search", 60.0, "all", 15.0)
    assert await ask(cache, keep, question, "c") == b"[1]"
    freshness.note(["all"], 0, 0)
    freshness.note_stored({0: 1})
    clock.now_s += 14
    assert await ask(cache, keep, question, "c") == b"[1]"
    clock.now_s += 2
    assert await ask(cache, keep, question, "c") == b"[2]"
    clock.now_s += 40
    assert await ask(cache, keep, question, "c") == b"[2]", "nothing was decided since"


async def test_processes_share_answers_and_none_gives_what_is_no_longer_true() -> None:
    store, freshness = Store(), followed()
    question = Question(("m",))
    one = AnswerCache(freshness, store)
    assert await ask(one, NEWS, question, "c") == b"[1]"
    assert await ask(AnswerCache(followed(), store), NEWS, question, "c") == b"[1]"
    later = Freshness()
    later.begin({0: 5})  # began to follow after decisions that it does not know
    later.note_stored({0: 5})
    other = AnswerCache(later, store)
    assert await ask(other, NEWS, question, "c") == b"[2]"
    later.note(["m"], 0, 5)
    later.note_stored({0: 6})
    assert await ask(other, NEWS, question, "c") == b"[3]"
    assert await ask(AnswerCache(later, store), NEWS, question, "c") == b"[3]"


async def test_what_must_not_be_kept_is_not() -> None:
    cache, question = AnswerCache(), Question(may_keep=False)
    assert await ask(cache, NEWS, question, "c") == b"[1]"
    assert await ask(cache, NEWS, question, "c") == b"[2]"


async def test_a_peek_gives_what_is_true_and_makes_nothing() -> None:
    clock, freshness = Clock(), followed()
    cache, question = AnswerCache(freshness, clock=clock), Question(("m",))
    assert cache.peek("news", ("c",)) is None
    await ask(cache, NEWS, question, "c")
    kept = cache.peek("news", ("c",))
    assert kept is not None and kept.json() == b"[1]"
    clock.now_s += 55
    assert cache.peek("news", ("c",)) is None, "it is to be made anew"
    clock.now_s -= 55
    freshness.note(["m"], 0, 0)
    assert cache.peek("news", ("c",)) is None
    assert question.asked == 1


async def test_memory_is_bounded() -> None:
    cache = AnswerCache(max_bytes=1 << 20)
    question = Question()

    async def long() -> Made:
        await question()
        return Made(bytes(range(256)) * 300)

    for number in range(2000):
        await cache.get(NEWS, (str(number),), long)
    assert await ask(cache, NEWS, question, "0") == b"[2001]"


async def test_hits_and_misses_are_counted_by_namespace() -> None:
    def counted(result: str) -> float:
        return metrics.API_CACHE.labels("counted", result)._value.get()  # type: ignore[no-any-return]

    cache, question, keep = AnswerCache(), Question(), Keep("counted", 60.0)
    await ask(cache, keep, question, "c")
    await ask(cache, keep, question, "c")
    assert (counted("miss"), counted("hit")) == (1, 1)
