"""`mediasieve keys`: a key is shown once, its file has the hash, and mistakes change nothing."""

from __future__ import annotations

from pathlib import Path

from streams.config.api_keys import hash_of, load_keys
from tests.cli.conftest import Run


def test_a_key_is_added_to_a_file_and_works(run: Run, folder: Path) -> None:
    options = ("--role", "read", "--role", "submit", "--collection", "shop", "--rate", "5/second")
    first = run("keys", "new", "one", *options, "--keys", "keys.yaml")
    second = run("keys", "new", "two", "--collection", "*", "--expires", "2020-01-01", "--keys", "keys.yaml")
    assert (first.exit_code, second.exit_code) == (0, 0), first.stderr + second.stderr
    found = load_keys(folder / "keys.yaml")
    entry = found[hash_of(first.stdout.strip())]
    assert (entry.name, entry.roles, entry.collections, entry.rate) == (
        "one",
        frozenset({"read", "submit"}),
        ("shop",),
        "5/second",
    )
    assert first.stdout.strip() not in (folder / "keys.yaml").read_text()
    assert (folder / "keys.yaml").stat().st_mode & 0o077 == 0
    listed = run("keys", "list", "--keys", "keys.yaml")
    assert "one  read,submit  shop  5/second" in listed.stdout
    assert "expired" in listed.stdout


def test_without_a_file_the_entry_is_printed(run: Run) -> None:
    made = run("keys", "new", "one", "--collection", "shop")
    assert made.stdout.startswith("msk_")
    assert hash_of(made.stdout.strip()) in made.stderr


def test_mistakes_change_nothing(run: Run, folder: Path) -> None:
    run("keys", "new", "one", "--collection", "shop", "--keys", "keys.yaml")
    before = (folder / "keys.yaml").read_bytes()
    for arguments in (("one", "--collection", "shop"), ("a b", "--collection", "shop"), ("two", "--collection", "No!"),
                      ("two", "--collection", "shop", "--rate", "fast")):  # fmt: skip
        refused = run("keys", "new", *arguments, "--keys", "keys.yaml")
        assert refused.exit_code == 2, refused.stdout
    assert (folder / "keys.yaml").read_bytes() == before
    assert run("keys", "list").exit_code == 2
