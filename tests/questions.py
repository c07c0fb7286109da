"""Five questions of a researcher, answered with pandas from the views of an archive.

    python -m tests.questions warraq-archive

It needs pandas and the file archive.db alone, nothing of Warraq.
"""

import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pandas as pd

SOON = 48  # hours


def answers(root):
    """Return the answers by name, each a DataFrame."""
    uri = f"{(Path(root) / 'archive.db').absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True)) as db:
        daily = pd.read_sql("select * from daily", db)
        headlines = pd.read_sql("select * from edits where field = 'title'", db)
        gone = pd.read_sql("select * from gone", db)
        versions = pd.read_sql("select * from story_articles", db)
    return {
        "articles by month and publisher": by_month(daily),
        "changed headlines, newest first": changed(headlines),
        "share of articles edited, in percent": edited(daily),
        f"gone within {SOON} hours of publication": gone[gone["hours"] <= SOON],
        "hours behind the first to print": behind(versions),
    }


def by_month(daily):
    """Return a row per month and a column per publisher; a day that is not known is in none."""
    dated = daily.dropna(subset="day")
    months = dated.assign(month=dated["day"].str[:7])
    return months.pivot_table(
        index="month", columns="publisher", values="articles", aggfunc="sum", fill_value=0
    )


def changed(headlines):
    """Return what headlines were and became."""
    columns = ["article", "publisher", "observed_at", "before", "after"]
    return headlines.sort_values("observed_at", ascending=False)[columns]


def edited(daily):
    """Return articles, those edited, and their share, by publisher."""
    counts = daily.groupby("publisher")[["articles", "edited"]].sum()
    return counts.assign(percent=(100 * counts["edited"] / counts["articles"]).round(2))


def behind(versions):
    """Return the versions that were not first, and the median of their lag, by publisher."""
    later = versions[(versions["is_first"] == 0) & versions["lag"].notna()]
    hours = later.assign(hours=later["lag"] / 3600)
    return hours.groupby("publisher")["hours"].agg(["count", "median"])


if __name__ == "__main__":
    for question, answer in answers(sys.argv[1]).items():
        print(f"{question}\n{answer}\n")
