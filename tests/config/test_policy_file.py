"""The policy file: its meaning, and that every mistake is named with its line."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.config.policy_file import MAX_BYTES, MAX_PATTERNS, PolicyFileError, load_policies
from streams.domain.policy.policy import DEFAULT_POLICY, Policy
from streams.kafka.topics import project_file

BOTH = "policies:\n  fast: {near: false}\ncollections:\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "policies.yaml"


def refused(path: Path, text: str | bytes) -> list[str]:
    """The mistakes by line, without the name of the file."""
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(PolicyFileError) as found:
        load_policies(path)
    assert all(line.startswith(str(path)) for line in found.value.lines)
    return [line.removeprefix(f"{path}:") for line in found.value.lines]


def test_a_file_says_which_collection_has_which_rules(path: Path) -> None:
    path.write_text("""
policies:
  default: {views: deep}
  fast: {near: false}
  from-imagehash:
    hash: dhash64
    radius_bits: 5
    also: [phash64, pdq256]
    retention_days: 30
collections:
  uploads: fast
  "tenant-*": from-imagehash
  tenant-7: default
  no: fast
  2024: fast
""")

    found = load_policies(path)

    fast = Policy.of(name="fast", near=False)
    tenants = Policy.of(
        name="from-imagehash", hash="dhash64", radius_bits=5, also=["phash64", "pdq256"], retention_days=30
    )
    assert found.default == found.of("anything") == found.of("tenant-7") == Policy.of(views="deep")
    assert found.of("uploads") == found.of("no") == found.of("2024") == fast
    assert found.of("tenant-8") == tenants


@pytest.mark.parametrize("text", ["policies: {}", "collections: {}", "policies: {default: {}}", "# all\n{}"])
def test_rules_that_a_file_leaves_out_have_their_defaults(path: Path, text: str) -> None:
    path.write_text(text)

    assert load_policies(path).of("shop") == DEFAULT_POLICY == load_policies(None).of("shop")


def test_the_example_has_the_defaults() -> None:
    found = load_policies(project_file("deploy/policies.example.yaml"))

    assert found.default == DEFAULT_POLICY
    assert len(found.collections) >= 3


@pytest.mark.parametrize(
    ("text", "line", "mentions"),
    [
        ("policies:\n  tight:\n    radius_bits: 70\n", 3, "radius_bits is 70; a whole number from 0 to 24"),
        ("policies:\n  tight:\n    hash: dhash64\n    views: deep\n", 4, "views is deep"),
        ("policies:\n  tight:\n    near: maybe\n", 3, "near is 'maybe'; true or false"),
        ("policies:\n  tight:\n    veiws: deep\n", 3, "policy tight has no 'veiws'; did you mean views?"),
        ("policies:\n  tight:\n    name: loose\n", 3, "has no 'name'"),
        ("policies:\n  tight:\n    views: plain\n    views: deep\n", 4, "'views' appears twice"),
        ("policies:\n  tight: {}\n\n  tight: {}\n", 4, "'tight' appears twice; the first is in line 2"),
        ("policies:\n  Tight:\n    near: true\n", 2, "'Tight'"),
        ("policies:\n  tight: deep\n", 2, "policy tight must be a mapping"),
        ("policies:\n  tight:\n", 2, "policy tight must be a mapping"),
        ("policies: [fast]", 1, "policies must be a mapping"),
        ("policies:\n  [a]: {}", 2, "must be a single word"),
        ("- policies", 1, "the file must be a mapping"),
        ("policy: {}", 1, "the file has no 'policy'; did you mean policies?"),
        (BOTH + "  shop: fats", 4, "no policy 'fats'; did you mean fast?"),
        (BOTH + "  shop: [fast]", 4, "no single policy"),
        (BOTH + "  Shop: fast", 4, "a collection cannot be called 'Shop'"),
        (BOTH + "  'shop[': fast", 4, "a collection cannot be called 'shop['"),
        (BOTH + "  shop: fast\n  shop: default", 5, "'shop' appears twice"),
        (BOTH + "  's*': fast\n  shop: default\n  'sh*p?': default", 6, "sh*p? is never reached, because s* in line 4"),
        ("policies:\n  a: {near: [[[[[[[[true]]]]]]]]}", 2, "nested too deep"),
        ("policies:\n  a: &a {near: true}\n  b: *a", 3, "alias"),
        ("policies:\n  a: {radius_bits: !!int ten}", 2, "radius_bits has a value that cannot be read"),
        ("policies:\n  a: {near: !!bool maybe}", 2, "near has a value that cannot be read"),
        ("policies:\n  a: {also: !!python/object:os.system x}", 2, "also has a value that cannot be read"),
        ("policies:\n  a: {also: 2024-99-01}", 2, "also has a value that cannot be read"),
        ("policies:\n  a: {radius_bits: 0x" + "f" * 5000 + "}", 2, "radius_bits has a value that cannot be read"),
        ("policies:\n  a: {near: true\n  b: {}", 3, "this is not valid YAML"),
        ("policies: {}\n---\npolicies: {}", 2, "this is not valid YAML: but found another document"),
        ("policies: {}\n# \0", 2, "this is not valid YAML"),
        (b"policies: {}\n# \xff", 2, "this is not valid UTF-8"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_line(path: Path, text: str | bytes, line: int, mentions: str) -> None:
    found = refused(path, text)

    assert len(found) == 1
    assert found[0].startswith(f"{line}: ")
    assert mentions in found[0]
    assert len(found[0]) < 450


@pytest.mark.parametrize(
    ("text", "mentions"),
    [("", "is empty"), ("# nothing", "is empty"), ("#" * (MAX_BYTES + 1), "is larger than 256 KiB")],
)
def test_an_empty_or_oversized_file_is_refused(path: Path, text: str, mentions: str) -> None:
    (found,) = refused(path, text)

    assert mentions in found


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PolicyFileError, match=r"absent\.yaml: cannot be read: No such file"):
        load_policies(tmp_path / "absent.yaml")


def test_all_mistakes_are_listed_by_line(path: Path) -> None:
    found = refused(path, BOTH + "  shop: slow\npolices: {}\n")
    assert [line[:2] for line in found] == ["4:", "5:"]

    found = refused(path, "policies:\n  a: {hash: dhash64, radius_bits: 64,\n   confirm_bits: 80, views: deep}\n")
    assert [line.split(" is ")[0] for line in found] == ["2: radius_bits", "3: confirm_bits", "3: views"]


def test_a_worker_ends_with_the_first_of_many_mistakes_in_one_line(path: Path) -> None:
    path.write_text("policies:\n" + "".join(f"  p{number}: {{near: 1}}\n" for number in range(200)))

    with pytest.raises(PolicyFileError) as found:
        load_policies(path)

    assert str(found.value).startswith(f"{path}:2: near is 1")
    assert "(and 199 more" in str(found.value)
    assert len(found.value.lines) == 50


def test_patterns_are_limited_and_names_are_not(path: Path) -> None:
    names = "".join(f"  c{number}: fast\n" for number in range(MAX_PATTERNS + 10))
    path.write_text(BOTH + names)
    assert len(load_policies(path).collections) == MAX_PATTERNS + 10

    patterns = "".join(f"  c{number}-*: fast\n" for number in range(MAX_PATTERNS + 10))
    (found,) = refused(path, BOTH + patterns)
    assert found.startswith(f"{MAX_PATTERNS + 4}: ")
    assert "more than 256 patterns" in found


YAML = st.text("abp:{}[]-*&!?\n '\"#|>%0. ", max_size=40)


@given(st.binary(max_size=30) | YAML.map(str.encode) | YAML.map(lambda text: f"{BOTH}  {text}".encode()))
def test_any_file_is_either_policies_or_mistakes(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_bytes(data)
    try:
        found = load_policies(path)
    except PolicyFileError as error:
        assert error.lines
    else:
        assert found.of("shop").version
