"""A crawl's numbers in a table."""

from archive.runs import Counts
from crawler.commands.options import table
from crawler.crawl import Summary


def counts(publisher, **numbers):
    return Counts(publisher=publisher, **numbers)


def test_one_publisher_is_one_line_over_all_slices():
    summary = Summary(
        counts=[
            counts("a", requests=10, new=3, bytes=1_500_000, seconds=1.0),
            counts("a", requests=5, changed=1, unchanged=2, problems=4, seconds=0.5),
        ]
    )
    head, row = table(summary).splitlines()
    assert head.split()[0] == "publisher"
    assert row.split() == ["a", "15", "3", "1", "2", "4", "1.5", "1.5"]
    assert len(head) == len(row)


def test_several_publishers_are_summed():
    summary = Summary(counts=[counts("b", new=1), counts("a", new=2)], seconds=9.0)
    lines = table(summary).splitlines()
    assert [line.split()[0] for line in lines] == ["publisher", "a", "b", "together"]
    assert lines[-1].split()[2] == "3"
    assert lines[-1].split()[-1] == "9.0"


def test_nothing_done_is_a_head_alone():
    assert len(table(Summary()).splitlines()) == 1
