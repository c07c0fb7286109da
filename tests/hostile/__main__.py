"""Let hosts attack a crawl, and print what that takes.

    python -m tests.hostile                        all attacks, in full size
    python -m tests.hostile bombs calendar --size 0.1
    python -m tests.hostile --minutes 10           all at once, beside healthy newspapers
    python -m tests.hostile --serve bombs          serve it until interrupted

Each attack is a small site beside five good articles, served on loopback and crawled by `warraq
crawl` into a new archive. A line of the table has wall and CPU seconds and peak memory of the whole
tree of processes, the requests that the host got, how many good articles are archived, the bytes of
database and WARC files, and the problems. With --minutes, `warraq watch` follows one newspaper that
does all attacks at once and five healthy ones that publish all the time. It ends with 1 where an
attack did harm.
"""

import contextlib
import shutil
import sys
import tempfile
from pathlib import Path
from threading import Event

import click

from tests.hostile.attack import Attack
from tests.hostile.host import serve
from tests.hostile.series import ATTACKS, HEAD, line, run
from tests.hostile.watched import watch


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("names", nargs=-1, metavar="[ATTACK]…")
@click.option("--size", type=click.FloatRange(0.001), default=1.0, show_default=True)
@click.option("--fast", is_flag=True, help="The sizes and patience of the tests.")
@click.option("--minutes", type=click.FloatRange(0.5), help="Watch a newspaper that does all.")
@click.option("--serve", "serves", is_flag=True, help="Serve the attacks until interrupted.")
@click.option(
    "--archive",
    type=click.Path(file_okay=False, path_type=Path),
    help="With --serve: write the publishers' files into this archive folder.",
)
def main(
    names: tuple[str, ...],
    size: float,
    fast: bool,
    minutes: float | None,
    serves: bool,
    archive: Path | None,
) -> None:
    """Crawl the site of each ATTACK (all by default); print a table."""
    if unknown := [name for name in names if name not in ATTACKS]:
        raise click.UsageError(f"no attack is called {unknown[0]}; there are {', '.join(ATTACKS)}")
    attacks = [ATTACKS[name] for name in names or ATTACKS if ATTACKS[name].small or not fast]
    if serves:
        _serve(attacks, size, archive)
        return
    if minutes:
        root = Path(tempfile.mkdtemp(prefix="watched-"))
        watched = watch(root / "archive", minutes=minutes, size=size)
        click.echo(watched)
        sys.exit(bool(watched.wrong))
    folder, harm = Path(tempfile.mkdtemp(prefix="hostile-")), 0
    click.echo(HEAD)
    for attack in attacks:
        root = folder / attack.name
        root.mkdir()
        report = run(attack, root, size=attack.small if fast else size, patience=8 if fast else 0)
        click.echo(line(report))
        harm += bool(report.wrong)
        if not report.wrong:
            shutil.rmtree(root)
    if harm:
        raise click.ClickException(f"{harm} attacks did harm; their archives are in {folder}")
    shutil.rmtree(folder)


def _serve(attacks: list[Attack], size: float, archive: Path | None) -> None:
    """Serve each attack on a port of its own until interrupted."""
    with contextlib.ExitStack() as served:
        for attack in attacks:
            host = served.enter_context(serve(attack, size=size))
            if archive:
                host.publish(archive, slug=attack.name)
            click.echo(f"{attack.name}\t{host.own}/")
        with contextlib.suppress(KeyboardInterrupt):
            Event().wait()


if __name__ == "__main__":
    main(prog_name="python -m tests.hostile")
