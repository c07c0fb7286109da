"""`python -m tests.hostile` serves a host that attacks whoever crawls it."""

import contextlib
from pathlib import Path
from threading import Event

import click

from tests.hostile.host import serve


@click.command()
@click.option("--port", type=click.IntRange(0, 65_535), default=0, help="0 takes a free one.")
@click.option(
    "--archive",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write publishers/hostile.toml into this archive folder.",
)
def main(port: int, archive: Path | None) -> None:
    """Serve a hostile host on 127.0.0.1 until interrupted."""
    with serve(port=port) as hostile:
        if archive:
            hostile.write_publisher(archive)
        click.echo(f"{hostile.where.own}/ attacks whoever crawls it; Ctrl-C ends it.")
        with contextlib.suppress(KeyboardInterrupt):
            Event().wait()
        click.echo(f"{len(hostile.asked)} requests, {len(hostile.reached)} to a refused address.")


if __name__ == "__main__":
    main(prog_name="python -m tests.hostile")
