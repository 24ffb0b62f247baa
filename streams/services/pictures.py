"""Picture files of this machine, read and fingerprinted here and now; nothing is sent anywhere.

What cannot be read or decoded ends the command with one line. What is said about pictures stands with the commands.
"""

from __future__ import annotations

import stat
from dataclasses import dataclass, field
from pathlib import Path

import click

from streams.cli.terminal import human_bytes, shown
from streams.config.settings import Settings
from streams.domain.fingerprint import ImageLimits, fingerprint_image
from streams.domain.hashes.selection import required_hashes
from streams.domain.policy.policy import Policy
from streams.domain.records import MediaFacts
from streams.errors import BadInput, Reason
from streams.services.files import media_id_of
from streams.services.wording import reason_in_words

#: An argument that names a picture file; whether it is one is found out by reading it.
PICTURE_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@dataclass(frozen=True, slots=True)
class PictureFile:
    """A file with its bytes and what they show; `name` is its path as text."""

    name: str
    data: bytes = field(repr=False)
    facts: MediaFacts


def read_picture(path: Path, settings: Settings, policy: Policy) -> PictureFile:
    """Read a file and fingerprint it as a worker would under this policy.

    Raises:
        click.ClickException: it is no picture, or breaks the limits of the settings; exit code 1.
        OSError: it cannot be read.
    """
    name = media_id_of(path)
    try:
        data = _read(path, settings.source.max_bytes)
        limits = ImageLimits(max_pixels=settings.limits.max_pixels)
        what = required_hashes(policy)
        facts = fingerprint_image(data, limits, level=what.level, extra_hashes=what.extra_hashes)
    except BadInput as error:
        why = f"{reason_in_words(error.reason)} ({error.detail})"
        raise click.ClickException(shown(f"{name}: {why}")) from error
    return PictureFile(name, data, facts)


def _read(path: Path, most_bytes: int) -> bytes:
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):  # asked first: a pipe would be waited for
        raise BadInput(Reason.NOT_MEDIA, "it is no regular file")
    if status.st_size > most_bytes:
        raise BadInput(Reason.SOURCE_TOO_LARGE, f"{status.st_size:,} bytes are more than {most_bytes:,}")
    return path.read_bytes()


def described(facts: MediaFacts) -> tuple[str, str, str, str]:
    """Format, size in pixels, size in bytes and quality, each for people."""
    size = f"{facts.width:,} × {facts.height:,}"
    return facts.format, size, human_bytes(facts.size_bytes), f"quality {facts.quality:.2f}"
