"""The command line: the crawler's commands and the archive's, under one name."""

import errno
import importlib
import sys
from difflib import get_close_matches
from typing import Any, TextIO, cast

import click

from archive.commands.options import ExitCode, Printable, failure, noticing_stops
from archive.errors import ARCHIVE_FAULTS, ArchiveError
from crawler.errors import CrawlerError, InquiryStopped

# Named, not imported: a command's libraries are loaded when it runs. `warraq serve`, `search` and
# the like work on a machine without Scrapy and trafilatura.
_MODULES = {
    "crawler.commands.crawl": "crawl backfill watch",
    "crawler.commands.save": "save",
    "crawler.commands.extract": "extract",
    "crawler.commands.publishers": "publishers",
    "crawler.commands.demo": "demo",
    "crawler.commands.doctor": "doctor",
    "archive.commands.reading": "search show diff runs stats",
    "archive.commands.monitoring": "status",
    "archive.commands.serve": "serve",
    "crawler.commands.withhold": "withhold unwithhold",
    "archive.commands.maintenance": "publish backup export custody verify reindex compact",
    "crawler.commands.imports": "import-jsonl import-warc",
    "crawler.commands.rebuild": "rebuild merge repair restore",
    "crawler.commands.upkeep": "upkeep",
}
_COMMANDS = {name: module for module, names in _MODULES.items() for name in names.split()}


class Commands(click.Group):
    """Loads each command from its own module, and turns our errors into one line and exit 1.

    Ctrl-C, where a command does not take it itself, ends it without a word and with 130.
    """

    def main(self, *args: Any, **options: Any) -> Any:
        """Run a command; whatever it prints, of errors and logs too, is for the eye alone."""
        sys.stdout = cast("TextIO", Printable(sys.stdout))
        sys.stderr = cast("TextIO", Printable(sys.stderr))
        try:
            "خبر".encode(sys.stdout.encoding)
        except UnicodeEncodeError as error:
            remedy = "PYTHONIOENCODING=utf-8 writes them"
            click.echo(f"{error.encoding} has no Arabic letters: {remedy}", err=True)
        return super().main(*args, **options)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command:
        if cmd_name not in _COMMANDS:
            near = get_close_matches(cmd_name.lower(), _COMMANDS)
            meant = f"did you mean {' or '.join(near)}?" if near else "`warraq --help` lists them"
            ctx.fail(f"unknown command {cmd_name!r}; {meant}")
        module = importlib.import_module(_COMMANDS[cmd_name])
        command: click.Command = getattr(module, cmd_name.replace("-", "_"))
        return command

    def invoke(self, ctx: click.Context) -> Any:
        try:
            with noticing_stops():
                return super().invoke(ctx)
        except (KeyboardInterrupt, InquiryStopped) as error:
            if message := str(error):
                click.echo(message, err=True)
            # click would say "Aborted!" and end with 1
            raise SystemExit(ExitCode.INTERRUPTED) from None
        except (ArchiveError, CrawlerError) as error:
            raise click.ClickException(str(error)) from error
        except ModuleNotFoundError as error:
            library = (error.name or "").partition(".")[0]
            raise click.ClickException(
                f"this takes a library that is not installed here: {library} (pip install warraq)"
            ) from error
        except ImportError as error:
            if "failed to map segment" not in str(error):  # of a library, for want of memory
                raise
            raise click.ClickException(failure(ctx, MemoryError(str(error)))) from error
        except (*ARCHIVE_FAULTS, MemoryError) as error:
            if isinstance(error, OSError) and error.errno == errno.EPIPE:
                raise  # click ends quietly when whoever read our output has gone
            raise click.ClickException(failure(ctx, error)) from error


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="warraq")
def warraq() -> None:
    """Crawl, keep, search and read Arabic news.

    \b
    warraq demo                      six fictional newspapers, followed and served
    warraq crawl enabbaladi          fetch what is new, into ./warraq-archive
    warraq search "اللاجئين"          search the archive
    warraq show ARTICLE              read what was found, by its number or address
    warraq serve                     read it in the browser
    warraq publishers add URL        follow a newspaper that is not packaged
    warraq crawl --help              explain a command, with examples
    """
