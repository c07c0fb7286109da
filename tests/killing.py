"""Kill the archive's commands with -9 at random moments, and see that nothing is lost.

    python -m tests.killing                         all jobs: about an hour
    python -m tests.killing crawl --kills 20 --seed 7

Real processes are killed, with their children or (every second time) alone. After each kill another
command that writes, or the job itself, has to repair the archive; then `verify` is clean, every
article that was acknowledged at the kill is there, once and unchanged, and warcio's `check` and
fastwarc read every WARC record. In the end each job must come to what it comes to undisturbed.
After a failure the folder is kept, and the seed repeats the moments (as far as a machine does).
"""

import shutil
import tempfile
from pathlib import Path

import click

from fixtures import serve
from tests.killed import watching
from tests.killed.jobs import JOBS, Ground
from tests.killed.series import Report, Series
from tests.sound import Unsound

_HEAD = (
    f"{'job':<14}{'kills':>6}{'at work':>9}{'alone':>7}{'torn':>6}{'runs':>6}{'complete':>10}"
    f"{'articles':>10}{'records':>10}{'seconds':>9}"
)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("names", nargs=-1, metavar="[JOB]…")
@click.option("--kills", type=click.IntRange(1), help="Of each at work; 100 of crawl, else 20.")
@click.option(
    "--scale", type=click.FloatRange(0.1), default=1.0, show_default=True, help="Of sizes."
)
@click.option("--seed", default=1, show_default=True, help="Another seed, other moments.")
def main(names: tuple[str, ...], kills: int | None, scale: float, seed: int) -> None:
    """Kill each JOB (all by default) again and again; end with a table, or with what was lost."""
    known = {job.name: job for job in JOBS}
    every = [*known, watching.JOB]
    if unknown := [name for name in names if name not in every]:
        raise click.UsageError(f"no job is called {unknown[0]}; there are {', '.join(every)}")
    folder = Path(tempfile.mkdtemp(prefix="killing-"))
    ground, reports = Ground(folder, scale=scale, seed=seed), []
    try:
        with serve(ground.newsstand):
            for name in names or every:
                if name == watching.JOB:
                    watched = watching.run(folder, kills=kills or 20, seed=seed, say=click.echo)
                    reports.append(watched)
                    continue
                job = known[name](ground)
                series = Series(job, seed=seed, say=click.echo)
                reports.append(series.run(kills or job.kills))
    except Unsound as error:
        raise click.ClickException(f"{error}\n(seed {seed}; {folder} is kept)") from error
    finally:
        click.echo(table(reports))
    shutil.rmtree(folder)


def table(reports: list[Report]) -> str:
    """Return what the series did, a line each."""
    return "\n".join([_HEAD, *map(_line, reports)])


def _line(one: Report) -> str:
    return (
        f"{one.job:<14}{one.kills:>6}{one.at_work:>9}{one.alone:>7}{one.torn:>6}{one.runs:>6}"
        f"{one.complete:>10}{one.articles:>10,}{one.records:>10,}{one.seconds:>9.0f}"
    )


if __name__ == "__main__":
    main(prog_name="python -m tests.killing")
