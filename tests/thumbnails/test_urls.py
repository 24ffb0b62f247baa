"""URLs of thumbnails are the same for a while, expire, and cannot be made up."""

from __future__ import annotations

import re

import pytest

from streams.thumbnails.names import digest_of, object_name
from streams.thumbnails.urls import ThumbnailUrls

CONTENT = "sha256:" + "ab" * 32
VALID_S = 3600


class Clock:
    now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def parts(url: str) -> tuple[str, int, str]:
    found = re.fullmatch(r"/thumbnails/([0-9a-f]{64})/(?:\d+)\.webp\?expires=(\d+)&signature=([\w-]+)", url)
    assert found is not None
    return found[1], int(found[2]), found[3]


def test_urls_name_the_content_and_all_sizes(clock: Clock) -> None:
    found = ThumbnailUrls(b"secret", VALID_S, clock).of(CONTENT)
    assert found is not None and list(found) == ["150", "300", "600"]
    assert {parts(url)[0] for url in found.values()} == {"ab" * 32}


def test_a_url_stays_the_same_and_is_valid_for_its_time_at_the_least(clock: Clock) -> None:
    urls = ThumbnailUrls(b"secret", VALID_S, clock)
    first = urls.of(CONTENT)
    assert first is not None
    digest, expires, signature = parts(first["150"])
    assert VALID_S <= urls.left_s(digest, expires, signature) <= 2 * VALID_S
    clock.now += 1
    assert urls.of(CONTENT) == first
    clock.now = expires - 1
    assert urls.left_s(digest, expires, signature) == 1
    clock.now = expires
    assert urls.left_s(digest, expires, signature) == 0
    assert urls.of(CONTENT) != first


def test_no_other_url_is_valid(clock: Clock) -> None:
    urls = ThumbnailUrls(b"secret", VALID_S, clock)
    digest, expires, signature = parts((urls.of(CONTENT) or {})["150"])
    assert urls.left_s(digest, expires + 1, signature) == 0
    assert urls.left_s("cd" * 32, expires, signature) == 0
    assert urls.left_s(digest, expires, signature[:-1]) == 0
    assert urls.left_s(digest, expires, "é") == 0
    assert ThumbnailUrls(b"other", VALID_S, clock).left_s(digest, expires, signature) == 0


@pytest.mark.parametrize("content_id", [None, "", "sha256:", "sha256:" + "g" * 64, "md5:" + "ab" * 32, CONTENT + "\n"])
def test_what_is_no_content_id_has_no_thumbnails(content_id: str | None) -> None:
    assert digest_of(content_id) is None
    assert ThumbnailUrls(b"secret", VALID_S).of(content_id) is None


def test_contents_of_videos_that_were_read_in_parts_have_names_too() -> None:
    assert digest_of("sha256-parts:" + "ab" * 32) == "ab" * 32
    assert object_name("ab" * 32, "150.webp") == f"ab/{'ab' * 32}/150.webp"
