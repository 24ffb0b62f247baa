from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from streams.cache import Freshness, collection_tag, content_tag, medium_tag


def test_an_answer_is_true_until_something_is_decided_about_what_it_tells() -> None:
    freshness = Freshness()
    freshness.begin({0: 10, 1: 5})
    answer = {0: 10, 1: 5}
    assert freshness.is_true(answer, ["a", "b"])
    freshness.note(["b"], 1, 5)
    assert freshness.is_true(answer, ["a"])
    assert not freshness.is_true(answer, ["a", "b"])
    assert freshness.is_true({0: 10, 1: 6}, ["a", "b"]), "ClickHouse had the decision when this one was made"


def test_nothing_is_known_to_be_true_before_decisions_are_followed() -> None:
    freshness = Freshness()
    assert not freshness.is_true({0: 100}, [])
    freshness.begin({0: 7})
    assert not freshness.is_true({0: 6}, []), "who knows what was decided at 6?"
    assert freshness.is_true({0: 7}, [])
    freshness.is_followed = False
    assert not freshness.is_true({0: 7}, [])


def test_a_partition_that_was_added_is_known_from_its_first_decision() -> None:
    freshness = Freshness()
    freshness.begin({0: 0})
    freshness.note(["a"], 1, 0)
    assert not freshness.is_true({0: 0}, ["a"])
    assert freshness.is_true({0: 0, 1: 1}, ["a"])


def test_it_says_whether_clickhouse_is_behind() -> None:
    freshness = Freshness()
    freshness.begin({0: 3})
    behind = [freshness.is_behind]
    freshness.note_stored({0: 3})
    behind.append(freshness.is_behind)
    freshness.note(["a"], 0, 3)
    behind.append(freshness.is_behind)
    assert behind == [True, False, True]
    assert not freshness.has_stored(0, 3)
    freshness.note_stored({0: 4})
    assert freshness.has_stored(0, 3)


def test_tags_of_different_kinds_and_collections_differ() -> None:
    names = [("a", "b"), ("ab", ""), ("a", "b\0"), ("b", "a")]
    tags = [collection_tag("a"), *(tag(*name) for tag in (medium_tag, content_tag) for name in names)]
    assert len(set(tags)) == len(tags)


@dataclass
class PlainFreshness:
    """Remembers every touch."""

    begun: dict[int, int]
    touches: list[tuple[str, int, int]] = field(default_factory=list)

    def is_true(self, position: dict[int, int], tags: list[str]) -> bool:
        if any(position.get(partition, 0) < offset for partition, offset in self.begun.items()):
            return False
        return not any(tag in tags and offset >= position.get(partition, 0) for tag, partition, offset in self.touches)


TAGS = st.lists(st.sampled_from("abcdef"), max_size=3)
POSITIONS = st.fixed_dictionaries({0: st.integers(0, 12), 1: st.integers(0, 12)})


@given(
    begun=POSITIONS,
    touched=st.lists(st.tuples(TAGS, st.integers(0, 1)), max_size=12),
    asked=st.lists(st.tuples(POSITIONS, TAGS), max_size=8),
    max_tags=st.integers(1, 6),
)
def test_what_is_called_true_is_true_whatever_is_forgotten(
    begun: dict[int, int],
    touched: list[tuple[list[str], int]],
    asked: list[tuple[dict[int, int], list[str]]],
    max_tags: int,
) -> None:
    freshness, forgetful, plain = Freshness(), Freshness(max_tags), PlainFreshness(begun)
    freshness.begin(begun)
    forgetful.begin(begun)
    offsets = dict(begun)
    for tags, partition in touched:
        freshness.note(tags, partition, offsets[partition])
        forgetful.note(tags, partition, offsets[partition])
        plain.touches += [(tag, partition, offsets[partition]) for tag in tags]
        offsets[partition] += 1
    for position, tags in asked:
        assert freshness.is_true(position, tags) == plain.is_true(position, tags)
        if forgetful.is_true(position, tags):
            assert plain.is_true(position, tags)
