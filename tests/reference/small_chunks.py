"""The command line with walks and deletions in small chunks, so that a kill comes amid them.

The sizes are not a setting: a worker that goes on with another's half-done chunk must visit the same members.
"""

from __future__ import annotations

from streams.domain.moderation import walk
from streams.domain.moderation.deletions import chunk

WALK_CHUNK = 7
DELETION_CHUNK = 3


def use_small_chunks() -> None:
    walk.CHUNK = WALK_CHUNK  # type: ignore[misc]
    chunk.CHUNK = DELETION_CHUNK  # type: ignore[misc]


if __name__ == "__main__":
    from streams.cli import main

    use_small_chunks()
    main()
