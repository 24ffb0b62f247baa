"""file:// URLs: regular files below the roots, and nothing else."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from streams.errors import BadInput, Reason
from tests.support.fetchers import fetch_bytes, open_fetcher, refusal_reason


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    (root / "sub").mkdir(parents=True)
    (root / "a.jpg").write_bytes(b"inside")
    (root / "sub" / "ä b%.jpg").write_bytes(b"oddly named")
    (tmp_path / "secret").write_bytes(b"outside")
    (tmp_path / "root-of-others").mkdir()
    (tmp_path / "root-of-others" / "b.jpg").write_bytes(b"outside")
    return root


async def test_a_file_below_a_root_is_read(root: Path) -> None:
    async with open_fetcher(file_roots=str(root)) as fetcher:
        assert await fetch_bytes(fetcher, f"file://{root}/a.jpg") == b"inside"
        assert await fetch_bytes(fetcher, f"FILE://localhost{root}/a.jpg") == b"inside"
        assert await fetch_bytes(fetcher, (root / "sub" / "ä b%.jpg").as_uri()) == b"oddly named"
        assert await fetch_bytes(fetcher, f"file://{root}/sub/../a.jpg") == b"inside"
        assert fetcher.reserved_bytes == 0


async def test_a_root_may_be_one_file_or_everything(root: Path) -> None:
    for roots in (f"{root}/a.jpg", "/"):
        async with open_fetcher(file_roots=roots) as fetcher:
            assert await fetch_bytes(fetcher, f"file://{root}/a.jpg") == b"inside"


async def test_without_roots_file_urls_are_off(root: Path) -> None:
    async with open_fetcher() as fetcher:
        assert await refusal_reason(fetcher, f"file://{root}/a.jpg") is Reason.SOURCE_FORBIDDEN


@pytest.mark.parametrize("path", ["/../secret", "/sub/../../secret", "/%2e%2e/secret", "-of-others/b.jpg", "/../none"])
async def test_paths_outside_the_roots_are_forbidden_even_if_absent(root: Path, path: str) -> None:
    async with open_fetcher(file_roots=str(root)) as fetcher:
        assert await refusal_reason(fetcher, f"file://{root}{path}") is Reason.SOURCE_FORBIDDEN


async def test_symbolic_links_are_judged_by_their_target(root: Path) -> None:
    (root / "out").symlink_to(root.parent / "secret")
    (root / "folder").symlink_to(root.parent / "root-of-others")
    (root / "in").symlink_to(root / "a.jpg")
    (root / "circle").symlink_to(root / "circle")
    async with open_fetcher(file_roots=str(root)) as fetcher:
        assert await refusal_reason(fetcher, f"file://{root}/out") is Reason.SOURCE_FORBIDDEN
        assert await refusal_reason(fetcher, f"file://{root}/folder/b.jpg") is Reason.SOURCE_FORBIDDEN
        assert await refusal_reason(fetcher, f"file://{root}/circle") is Reason.SOURCE_FORBIDDEN
        assert await fetch_bytes(fetcher, f"file://{root}/in") == b"inside"


async def test_a_link_added_after_the_check_is_not_followed(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_fetcher(file_roots=str(root)) as fetcher:
        (root / "sub").rename(root / "old")
        (root / "sub").symlink_to(root.parent / "root-of-others")
        for name in ("sub/b.jpg", "late"):
            monkeypatch.setattr(os.path, "realpath", lambda path: path)  # the result before the link was added
            (root / "late").unlink(missing_ok=True)
            (root / "late").symlink_to(root.parent / "secret")
            reason = await refusal_reason(fetcher, f"file://{root}/{name}")
            assert reason in (Reason.SOURCE_FORBIDDEN, Reason.SOURCE_NOT_FOUND)


async def test_only_regular_files_are_read_and_pipes_are_not_waited_for(root: Path) -> None:
    os.mkfifo(root / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(root / "socket"))
        async with open_fetcher(file_roots=f"{root},/dev") as fetcher:
            for path in (f"{root}/pipe", f"{root}/socket", f"{root}/sub", str(root), "/dev/zero", "/dev/null"):
                assert await refusal_reason(fetcher, f"file://{path}") is Reason.SOURCE_FORBIDDEN, path


async def test_absent_empty_and_large_files_are_told_apart(root: Path) -> None:
    (root / "empty").touch()
    (root / "exact").write_bytes(bytes(1024))
    (root / "large").write_bytes(bytes(1025))
    async with open_fetcher(file_roots=str(root), source_max_bytes=1024) as fetcher:
        assert await refusal_reason(fetcher, f"file://{root}/none.jpg") is Reason.SOURCE_NOT_FOUND
        assert await refusal_reason(fetcher, f"file://{root}/a.jpg/none") is Reason.SOURCE_NOT_FOUND
        assert await refusal_reason(fetcher, f"file://{root}/{'x' * 300}") is Reason.SOURCE_NOT_FOUND
        assert await refusal_reason(fetcher, f"file://{root}/empty") is Reason.SOURCE_EMPTY
        assert await refusal_reason(fetcher, f"file://{root}/large") is Reason.SOURCE_TOO_LARGE
        assert len(await fetch_bytes(fetcher, f"file://{root}/exact")) == 1024


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
async def test_a_file_without_permission_is_forbidden(root: Path) -> None:
    (root / "a.jpg").chmod(0)
    async with open_fetcher(file_roots=str(root)) as fetcher:
        assert await refusal_reason(fetcher, f"file://{root}/a.jpg") is Reason.SOURCE_FORBIDDEN


async def test_a_file_that_grows_while_it_is_read_is_refused(root: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    from streams.sources.file import FileSource
    from tests.support.fetchers import settings

    async def grow(size_bytes: int) -> None:
        with (root / "a.jpg").open("ab") as file:
            file.write(b"more")

    with ThreadPoolExecutor(1) as threads:
        source = FileSource(settings(file_roots=str(root)), threads)
        with pytest.raises(BadInput, match="grew"):
            await source.open(f"file://{root}/a.jpg", "auto", grow)


@pytest.mark.parametrize(
    "url", ["file://host/a.jpg", "file:a.jpg", "file://", "file:///a%00b", "file:///a?b", "file:///a#b", "file://[/a"]
)
async def test_invalid_file_urls_are_refused(root: Path, url: str) -> None:
    async with open_fetcher(file_roots=str(root)) as fetcher:
        assert await refusal_reason(fetcher, url) is Reason.BAD_URL
