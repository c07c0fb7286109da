"""`python -m crawler`: the command line, for child processes and for machines without scripts."""

from crawler.cli import warraq

if __name__ == "__main__":
    warraq(prog_name="warraq")
