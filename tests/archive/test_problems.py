"""Kinds of problems: the words that are stored, and what each means for the page."""

import pickle
import tomllib
from pathlib import Path

import pytest

import archive
from archive.problems import ProblemKind


def test_kinds_are_the_words_that_are_stored():
    assert str(ProblemKind.NO_TEXT) == "no-text"
    assert ProblemKind("date-conflict") is ProblemKind.DATE_CONFLICT


@pytest.mark.parametrize("status", [404, 503, 799])
def test_each_status_is_a_kind_that_travels_between_processes(status):
    kind = ProblemKind.http(status)
    assert kind == f"http-{status}"
    assert kind.status == status
    assert ProblemKind(f"http-{status}") is kind
    assert pickle.loads(pickle.dumps(kind)) is kind  # noqa: S301 - made just now


@pytest.mark.parametrize("word", ["http-", "http-40", "http-4040", "wall", ""])
def test_other_words_are_not_kinds(word):
    with pytest.raises(ValueError, match="not a valid ProblemKind"):
        ProblemKind(word)


@pytest.mark.parametrize(
    ("kind", "proves"),
    [
        ("http-404", True),
        ("http-410", True),
        ("http-500", False),
        ("maybe-gone", True),
        ("login", True),
        ("consent", True),
        ("challenge", False),
        ("captcha", False),
        ("parked", False),
        ("outage", False),
        ("hijacked", False),
    ],
)
def test_only_a_newspaper_s_own_page_proves_a_removal(kind, proves):
    assert ProblemKind(kind).proves_removal is proves


@pytest.mark.parametrize(
    ("kind", "away"),
    [
        ("http-429", True),
        ("http-503", True),
        ("http-500", True),
        ("http-404", False),
        ("network-dns", True),
        ("robots-unreachable", True),
        ("truncated", False),
    ],
)
def test_a_site_that_is_away_is_told_from_a_page_that_is_broken(kind, away):
    assert ProblemKind(kind).away is away


def test_what_may_read_next_time_is_passing():
    passing = {kind for kind in ProblemKind if kind.passing}
    assert passing == {
        "captcha",
        "challenge",
        "extract-crash",
        "extract-error",
        "extract-timeout",
        "outage",
    }


def test_every_remedy_of_an_outage_is_that_of_a_server_error():
    assert ProblemKind.http(502).remedy == ProblemKind.OUTAGE.remedy
    assert ProblemKind.DATE_CONFLICT.remedy is None


def test_every_remedy_is_one_of_a_kind_of_problem():
    remedies = tomllib.loads(
        Path(archive.__file__).with_name("remedies.toml").read_text(encoding="utf-8")
    )
    assert {ProblemKind(kind).remedy for kind in remedies} == set(remedies.values())
