"""Keys of the HTTP API: what a file may say, what a key reaches, and the file being changed while the API runs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from streams.config.api_keys import ApiKey, LiveKeys, hash_of, load_keys, make_key
from streams.errors import ConfigurationError

ENTRY = {"name": "shop", "sha256": "0" * 64, "roles": ["read"], "collections": ["shop-*"]}


def write(path: Path, *entries: object) -> Path:
    path.write_text(yaml.safe_dump({"keys": list(entries)}))
    return path


def test_a_new_key_is_found_by_its_hash_alone(tmp_path: Path) -> None:
    made = make_key("shop", frozenset({"read", "submit"}), ("shop",), rate="5/second", expires=None)
    (tmp_path / "keys.yaml").write_text("keys:\n" + made.as_yaml())
    assert made.key not in (tmp_path / "keys.yaml").read_text()
    keys = LiveKeys(tmp_path / "keys.yaml")
    assert keys.find(made.key) == made.entry
    assert keys.find(made.key + "x") is None
    assert keys.find("msk_" + made.entry.sha256) is None
    keys.close()


def test_two_keys_are_never_the_same() -> None:
    made = {make_key("a", frozenset({"read"}), ("*",), rate=None, expires=None).key for _ in range(100)}
    assert len(made) == 100
    assert min(map(len, made)) >= 46


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"name": "a b"}, "`name`"),
        ({"sha256": "abc"}, "`sha256`"),
        ({"roles": []}, "`roles`"),
        ({"roles": ["root"]}, "`roles`"),
        ({"collections": ["Shop!"]}, "`collections`"),
        ({"collections": "shop"}, "`collections`"),
        ({"rate": "fast"}, "`rate`"),
        ({"expires": "tomorrow"}, "`expires`"),
        ({"secret": "x"}, "no 'secret'"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, changed: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        load_keys(write(tmp_path / "keys.yaml", ENTRY | changed))


def test_files_that_are_no_key_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "keys.yaml"
    for text in ("", "keys: 1", "a: [", "keys:\n- 1\n", "x" * (2 << 20)):
        path.write_text(text)
        with pytest.raises(ConfigurationError):
            load_keys(path)
    with pytest.raises(ConfigurationError, match="same name"):
        load_keys(write(path, ENTRY, ENTRY | {"sha256": "1" * 64}))


def test_patterns_and_roles() -> None:
    key = ApiKey("k", "", frozenset({"read"}), ("shop", "eu-*"))
    assert [key.reaches(name) for name in ("shop", "eu-1", "shop2", "us-1", "")] == [True, True, False, False, False]
    assert (key.may("read"), key.may("submit")) == (True, False)
    assert ApiKey("k", "", frozenset({"admin"}), ("*",)).may("moderate")


def test_a_changed_file_counts_and_a_broken_one_does_not(tmp_path: Path) -> None:
    one = make_key("one", frozenset({"read"}), ("*",), rate=None, expires=None)
    two = make_key("two", frozenset({"read"}), ("*",), rate=None, expires=None)
    path = tmp_path / "keys.yaml"
    path.write_text("keys:\n" + one.as_yaml())
    keys = LiveKeys(path, look_s=3600)
    path.write_text("keys:\n" + two.as_yaml())
    keys.look()
    assert keys.find(one.key) is not None  # it may still be being written
    keys.look()
    assert (keys.find(one.key), keys.find(two.key)) == (None, two.entry)
    path.write_text("keys: broken")
    keys.look()
    keys.look()
    assert keys.find(two.key) == two.entry
    keys.close()


def test_an_expired_key_is_refused(tmp_path: Path) -> None:
    today = datetime.now(UTC).date()
    for expires, is_found in ((today, False), (today + timedelta(days=2), True)):
        made = make_key("k", frozenset({"read"}), ("*",), rate=None, expires=expires)
        (tmp_path / "keys.yaml").write_text("keys:\n" + made.as_yaml())
        keys = LiveKeys(tmp_path / "keys.yaml")
        assert (keys.find(made.key) is not None) is is_found
        keys.close()
    assert hash_of("\ud800") != hash_of("")
