"""Pages that lose their text: an edit of one article, another layout where several do."""

import shutil

import pytest

from crawler.publisher import load_all
from crawler.rebuild import rebuild
from crawler.reextract import Job, reextract
from tests.crawler import wire
from tests.crawler.tables import differences, everything

PATHS = [f"/news/{number}" for number in range(1, 6)]
DERIVED = ("articles", "revisions", "visits", "problems", "captures")
SAID = (
    "قالت بلدية {0} إن فرقها أصلحت شبكة المياه في حي {0} بعد أسبوع من العمل، وإن {0} عادت إليها. "
)
OF_OTHERS = (
    "قال وزير الطاقة إن المحطة الجديدة ستعمل مطلع الشهر المقبل بعد تأخر دام سنتين كاملتين.",
    "وأوضح أن الشركة المنفذة سلّمت التوربينات الثلاث، وأن الاختبارات الأولى جرت من دون أعطال.",
    "ويتوقع خبراء أن تنخفض ساعات التقنين في الأرياف إلى النصف، على أن تتحسن تباعًا في الصيف.",
)


def text(path, word=""):
    return [SAID.format(f"المدينة {path} رقم {line}") * 2 + word for line in range(4)]


def as_before(path, word=""):
    lines = "".join(f"<p>{line}</p>" for line in text(path, word))
    return whole(path, f"<article><h1>عنوان {path}</h1>{lines}</article>")


def otherwise(path, word=""):
    """Return an article in another layout, of which the same is read."""
    lines = "".join(f"<div class='y'><p class='z'>{line}</p></div>" for line in text(path, word))
    return whole(path, f"<main><header><h1 id='t'>عنوان {path}</h1></header>{lines}</main>")


def broken(path, word=""):
    """Return an article in a layout of which something else is read."""
    lines = "".join(f"<p>{line}</p>" for line in text(path, word))
    others = "".join(f"<p>{line} {line}</p>" for line in OF_OTHERS)
    return whole(
        path, f"<article><h1>عنوان {path}</h1>{others}</article><div class='x9'>{lines}</div>"
    )


def empty(path, _word=""):
    """Return a page of which no text is read at all."""
    return whole(path, f"<h1>عنوان {path}</h1><div id='app'></div>")


def whole(path, body):
    head = f"<meta charset='utf-8'><title>عنوان {path}</title>"
    head += "<meta property='og:type' content='article'>"
    return f"<html lang='ar'><head>{head}</head><body>{body}</body></html>".encode()


def serve(site, page, *, of=PATHS, **words):
    site.answers |= {path: (wire.http(page(path, **words)),) for path in of}


@pytest.fixture
async def paper(archive, site):
    """Five articles that were read once, two hours ago."""
    remove(archive, ".x9")
    feed = wire.feed(*(site.url + path for path in PATHS))
    site.answers["/feed"] = (wire.http(feed, media="application/rss+xml"),)
    serve(site, as_before)
    await archive.crawl()
    assert len(counts(archive)) == len(PATHS)
    archive.forward(hours=2)
    return archive


def remove(archive, selector):
    archive.follow()
    file = archive.root / "publishers" / "paper.toml"
    file.write_text(f"{file.read_text()}\n[[rules]]\nremove = ['{selector}']\n")


async def look(archive, times=1, **step):
    for _ in range(times):
        await archive.crawl()
        archive.forward(**(step or {"hours": 2}))


def counts(archive):
    return [count for (count,) in archive.rows("select revision_count from articles order by url")]


def kinds(archive):
    return [kind for kind, _ in archive.problems()]


async def test_another_layout_of_the_same_text_is_no_revision(paper, site):
    serve(site, otherwise)
    await look(paper)
    assert counts(paper) == [1] * 5
    assert kinds(paper) == []
    assert paper.rows(
        "select distinct outcome from captures where id in (select capture from articles)"
    ) == [("same",)]


@pytest.mark.parametrize("page", [broken, empty])
async def test_a_layout_that_breaks_the_reading_is_one_problem_and_no_edit(paper, site, page):
    serve(site, page)
    await look(paper)
    assert counts(paper) == [1] * 5
    assert kinds(paper).count("layout-changed") == 1
    await look(paper, times=3, hours=13)
    assert counts(paper) == [1] * 5
    assert kinds(paper).count("layout-changed") == 2  # that of the next day
    assert site.count(PATHS[0]) > 3
    assert paper.rows("select count(*) from captures where outcome = 'doubted'")[0][0] > 15
    assert {url for kind, url in paper.problems() if kind == "layout-changed"} <= set(PATHS)


async def test_once_the_pages_can_be_read_the_edits_meanwhile_are_there(paper, site, tmp_path):
    serve(site, broken)
    await look(paper)
    serve(site, broken, of=PATHS[:1], word="وأكدت ذلك مصادر أخرى.")
    await look(paper)
    remove(paper, "article")
    job = Job(root=paper.root, publishers=load_all(paper.root / "publishers"))
    await reextract(job)
    assert counts(paper) == [2, 1, 1, 1, 1]
    await look(paper, times=3, hours=5)
    assert counts(paper) == [2, 1, 1, 1, 1]
    assert paper.rows("select count(*) from visits where state = 'failed'") == [(0,)]
    await assert_rebuilt_alike(paper, tmp_path)


async def test_an_article_that_its_newspaper_cut_down_is_a_revision(paper, site, tmp_path):
    serve(site, broken, of=PATHS[1:2])
    serve(site, as_before, of=PATHS[2:], word="وزاد المصدر.")
    await look(paper)
    assert counts(paper) == [1, 1, 2, 2, 2]
    await look(paper)
    assert counts(paper) == [1, 2, 2, 2, 2]
    assert kinds(paper) == []
    await assert_rebuilt_alike(paper, tmp_path)


async def test_a_broken_layout_that_ends_leaves_nothing(paper, site, tmp_path):
    serve(site, broken)
    await look(paper, times=2)
    serve(site, as_before)
    await look(paper, times=3, hours=5)
    assert counts(paper) == [1] * 5
    assert paper.rows("select count(*) from visits where state = 'failed'") == [(0,)]
    await assert_rebuilt_alike(paper, tmp_path)


async def assert_rebuilt_alike(archive, tmp_path):
    before, copy = everything(archive.root), shutil.copytree(archive.root, tmp_path / "again")
    await rebuild(copy)
    after = everything(copy)
    for table in DERIVED:
        assert differences(before[table], after[table]) == [], table
