"""Different pictures that look alike: how many pairs hashes, evidence and other tools join, and copies they find."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console

from tests.bench.lookalikes.report import reach, show
from tests.bench.lookalikes.run import COPIED, MEMBERS, PHOTO_MEMBERS, document, run
from tests.bench.report import as_json, show_reach, write_json
from tests.bench.sampling import installed_versions, machine
from tests.bench.small_hashes import PHOTOS_VARIABLE


@click.command()
@click.option("--members", default=MEMBERS, show_default=True, help="Pictures drawn of each family.")
@click.option("--photo-members", default=PHOTO_MEMBERS, show_default=True, help="Garments, and photos, at most.")
@click.option("--copied", default=COPIED, show_default=True, help="Members of each family that are altered.")
@click.option("--only", multiple=True, help="Only this family; may be repeated.")
@click.option("--photos", "folder", type=click.Path(exists=True, file_okay=False, path_type=Path),
              envvar=PHOTOS_VARIABLE, help="A folder of photos that do not look alike.")  # fmt: skip
@click.option("--json", "json_path", type=click.Path(path_type=Path), help="Also write the figures to this file.")
def main(
    members: int, photo_members: int, copied: int, only: tuple[str, ...], folder: Path | None, json_path: Path | None
) -> None:
    """Different pictures that look alike: pairs joined, and altered copies found, by family."""
    console = Console(width=150)
    found = run(
        folder, members=members, photo_members=photo_members, copied=copied, only=only, say=Console(stderr=True).print
    )
    show(found, console)
    figures = reach(found)
    show_reach(figures, console)
    if json_path:
        head = {"machine": machine(), "versions": installed_versions("pillow", "numpy", "imagehash")}
        write_json(json_path, {**head, "families": document(found), "reach": as_json(figures)})


if __name__ == "__main__":
    main()
