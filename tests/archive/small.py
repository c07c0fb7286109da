"""A small archive in which something is found."""

from archive.database import open_for_writing
from tests.archive.newsroom import add_article


def archive_with_news(root):
    connection = open_for_writing(root)
    for number in (1, 2):
        add_article(connection, id=number, title="لقاء القمة", text="عُقد اللقاء في دمشق.",
                    published_on="2020-11-09")  # fmt: skip
    connection.close()
    return str(root)
