"""`warraq publishers add`: newspapers get a file by which they are followed, other sites do not."""

import signal
import tomllib
from collections import Counter
from contextlib import closing

import pytest
from click.testing import CliRunner

from archive.database import open_for_reading
from crawler.cli import warraq
from crawler.publisher import read
from fixtures import Newsstand, serve
from fixtures.newsstand import ALL
from tests.crawler import shell, wire
from tests.crawler.listing_bodies import API

NOW = "2020-11-12T09:00Z"


def run(*words):
    """Run `warraq publishers WORDS…`; its errors must have become a line and an exit code."""
    result = CliRunner().invoke(warraq, ["publishers", *map(str, words)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def dated(title):
    """Return an article page that says when it was published."""
    meta = b"<meta property='article:published_time' content='2020-11-11T08:00:00+02:00'>"
    return wire.article(title).replace(b"<title>", meta + b"<title>", 1)


def front(*links, head="", title="الرئيسية | جريدة الساحل"):
    anchors = "".join(f"<li><a href='{href}'>{text}</a></li>" for href, text in links)
    return wire.http(
        f"<!DOCTYPE html><html lang='ar'><head><title>{title}</title>{head}</head><body>"
        f"<nav><ul>{anchors}</ul></nav></body></html>".encode(),
        media="text/html; charset=utf-8",
    )


def rss(site, *paths):
    return wire.http(wire.feed(*(site.url + path for path in paths)), media="application/rss+xml")


def sitemap(site, *paths):
    locs = "".join(f"<url><loc>{site.url}{path}</loc></url>" for path in paths)
    return wire.http(f"<urlset>{locs}</urlset>".encode(), media="text/xml")


@pytest.fixture
def paper(site):
    """A newspaper with a front page, three articles, and nothing that lists them yet."""
    site.answers["/"] = (front(("/politics", "سياسة"), ("/about", "من نحن")),)
    for number in (1001, 1002, 1003):
        site.answers[f"/news/{number}"] = (wire.http(dated(f"خبر رقم {number} من المدينة")),)
    return site


NEWS = ("/news/1001", "/news/1002", "/news/1003")
ALTERNATE = "<link rel='alternate' type='application/rss+xml' href='/my-feed'>"


def add(site, root, *words, url=None):
    return run("add", url or f"{site.url}/", "--archive", root, "--slug", "sahel", *words)


def files(root):
    return [path.name for path in (root / "publishers").glob("**/*.toml")]


def test_a_declared_feed_is_found_read_and_told(paper, tmp_path):
    paper.answers["/"] = (front(head=ALTERNATE),)
    paper.answers["/my-feed"] = (rss(paper, *NEWS),)
    result = add(paper, tmp_path)
    assert result.exit_code == 0, result.output
    one = read(tmp_path / "publishers" / "sahel.toml")
    assert one.name == "جريدة الساحل"
    assert one.feeds == (f"{paper.url}/my-feed",)
    assert (one.zone, one.country, one.checked) == (None, None, False)
    assert one.language == "ar"
    for told in ("خبر رقم 1001", "2020-11-11 06:00 UTC (meta)", "# timezone", "declared on the"):
        assert told in result.stdout
    text = (tmp_path / "publishers" / "sahel.toml").read_text("utf-8")
    assert "# timezone" in text
    assert "# declared on the front page: RSS feed, 3 links" in text


def test_what_is_declared_spares_guesses(paper, tmp_path):
    paper.answers["/"] = (front(head=ALTERNATE),)
    paper.answers["/my-feed"] = (rss(paper, *NEWS),)
    robots = "Sitemap: /a\N{RIGHT-TO-LEFT OVERRIDE}b.xml\nSitemap: /map.xml\n"
    paper.answers["/robots.txt"] = (wire.http(robots.encode(), media="text/plain"),)
    paper.answers["/map.xml"] = (sitemap(paper, *NEWS),)
    assert add(paper, tmp_path).exit_code == 0
    assert paper.targets() == ["/robots.txt", "/", "/my-feed", "/map.xml", *NEWS]


def test_a_feed_that_robots_txt_names_as_a_sitemap_is_a_feed(paper, tmp_path):
    robots = b"Sitemap: /latest\nSitemap: /map.xml\n"
    paper.answers["/robots.txt"] = (wire.http(robots, media="text/plain"),)
    paper.answers["/latest"] = (rss(paper, *NEWS),)
    paper.answers["/map.xml"] = (sitemap(paper, *NEWS),)
    assert add(paper, tmp_path).exit_code == 0
    written = read(tmp_path / "publishers" / "sahel.toml")
    assert written.feeds == (f"{paper.url}/latest",)
    assert written.sitemaps == (f"{paper.url}/map.xml",)
    assert "/feed" not in paper.targets()  # nothing is guessed


def test_a_page_about_feeds_leads_to_them(paper, tmp_path):
    paper.answers["/"] = (front(("/services", "خلاصات RSS")),)
    paper.answers["/services"] = (front(("/rss/city.xml", "المدينة"), ("/about", "من نحن")),)
    paper.answers["/rss/city.xml"] = (rss(paper, *NEWS),)
    result = add(paper, tmp_path)
    assert read(tmp_path / "publishers" / "sahel.toml").feeds == (f"{paper.url}/rss/city.xml",)
    assert "linked from a page about feeds" in result.stdout


def test_a_robots_txt_may_be_redirected(paper, tmp_path):
    paper.answers["/robots.txt"] = (wire.http(b"", "Location: /r.txt", status="302 Found"),)
    paper.answers["/r.txt"] = (wire.http(b"Sitemap: /map.xml\n", media="text/plain"),)
    paper.answers["/map.xml"] = (sitemap(paper, *NEWS),)
    assert add(paper, tmp_path).exit_code == 0
    one = read(tmp_path / "publishers" / "sahel.toml")
    assert one.sitemaps == (f"{paper.url}/map.xml",)


def test_an_index_of_indexes_is_looked_into(paper, tmp_path):
    for name, inner in (("sitemap", "years"), ("years", "2020")):
        index = f"<sitemapindex><sitemap><loc>/{inner}.xml</loc></sitemap></sitemapindex>"
        paper.answers[f"/{name}.xml"] = (wire.http(index.encode(), media="text/xml"),)
    paper.answers["/2020.xml"] = (sitemap(paper, *NEWS),)
    assert add(paper, tmp_path).exit_code == 0
    one = read(tmp_path / "publishers" / "sahel.toml")
    assert one.sitemaps == (f"{paper.url}/sitemap.xml",)


def test_it_looks_politely_and_says_who_it_is(paper, tmp_path):
    (tmp_path / "warraq.toml").write_text('contact = "https://me.example/bot"', "utf-8")
    paper.answers["/robots.txt"] = (
        wire.http(b"User-agent: *\nDisallow: /my-feed\n", media="text/plain"),
    )
    paper.answers["/"] = (front(head=ALTERNATE),)
    paper.answers["/rss.xml"] = (rss(paper, *NEWS),)
    result = add(paper, tmp_path)
    assert result.exit_code == 0
    assert read(tmp_path / "publishers" / "sahel.toml").feeds == (f"{paper.url}/rss.xml",)
    assert paper.count("/my-feed") == 0
    assert "robots.txt forbids" in result.stdout
    agents = {asked.header("User-Agent") for asked in paper.asked}
    assert agents == {next(iter(agents))}
    assert "Warraq/" in (agent := next(iter(agents)))
    assert "https://me.example/bot" in agent


def test_the_exchanges_are_kept_but_nothing_counts_as_crawled(paper, tmp_path):
    paper.answers["/"] = (front(head=ALTERNATE),)
    paper.answers["/my-feed"] = (rss(paper, *NEWS),)
    add(paper, tmp_path)
    with closing(open_for_reading(tmp_path)) as db:
        kept = Counter(db.execute("select kind, publisher from captures").fetchall())
        for table in ("visits", "articles", "publishers", "problems", "links"):
            assert db.execute(f"select count(*) from {table}").fetchone() == (0,), table
        command = db.execute("select command, state from runs").fetchall()
    assert kept["probe", None] == sum(asked.target != "/robots.txt" for asked in paper.asked)
    assert command == [("publishers add", "finished")]


def test_sections_are_followed_where_there_is_neither_feed_nor_sitemap(paper, tmp_path):
    sidebar = tuple((path, "خبر من الشريط الجانبي") for path in NEWS)
    menu = (("/politics", "سياسة"), ("/sport", "رياضة"), ("/writers", "الكتاب"))
    paper.answers["/"] = (front(*menu, *sidebar),)
    paper.answers["/politics"] = (front(*menu, *sidebar, ("/news/1004", "خبر السياسة الأول")),)
    paper.answers["/sport"] = (front(*menu, *sidebar, ("/news/1005", "خبر الرياضة الأول")),)
    paper.answers["/writers"] = (front(*menu, *sidebar),)  # lists nothing of its own
    assert add(paper, tmp_path).exit_code == 0
    one = read(tmp_path / "publishers" / "sahel.toml")
    assert one.sections == (f"{paper.url}/politics", f"{paper.url}/sport")


def test_a_front_page_alone_is_followed_where_nothing_else_is(paper, tmp_path):
    paper.answers["/"] = (front(*((path, "خبر") for path in NEWS)),)
    assert add(paper, tmp_path).exit_code == 0
    assert read(tmp_path / "publishers" / "sahel.toml").sections == (f"{paper.url}/",)


def test_wordpress_is_followed_through_its_interface(paper, tmp_path):
    api = "<link rel='https://api.w.org/' href='/wp-json/'>"
    paper.answers["/"] = (front(head=api),)
    posts = ", ".join(f'{{"link": "{paper.url}{path}"}}' for path in NEWS)
    paper.answers[API] = (wire.http(f"[{posts}]".encode(), media="application/json"),)
    said = '{"name": "الساحل اليوم", "timezone_string": "Asia/Beirut", "gmt_offset": 2}'.encode()
    about = "/wp-json/?_fields=name,timezone_string,gmt_offset"
    paper.answers[about] = (wire.http(said, media="application/json"),)
    assert add(paper, tmp_path).exit_code == 0
    one = read(tmp_path / "publishers" / "sahel.toml")
    assert one.api == (f"{paper.url}/wp-json/wp/v2/posts",)
    assert (one.name, str(one.zone)) == ("الساحل اليوم", "Asia/Beirut")


def test_a_page_that_its_scripts_write_is_no_newspaper_yet(paper, tmp_path):
    paper.answers["/"] = (wire.http(b"<body><div id=root></div><script src=x></script></body>"),)
    result = add(paper, tmp_path)
    assert result.exit_code == 1
    assert "`render = true`" in result.output


@pytest.mark.parametrize(("form", "key"), [(rss, "feeds"), (sitemap, "sitemaps")])
def test_a_listing_that_is_given_is_the_first_candidate(paper, tmp_path, form, key):
    paper.answers["/hidden.xml"] = (form(paper, *NEWS),)
    assert add(paper, tmp_path, url=f"{paper.url}/hidden.xml").exit_code == 0
    one = read(tmp_path / "publishers" / "sahel.toml")
    assert one.homepage == f"{paper.url}/"
    assert getattr(one, key) == (f"{paper.url}/hidden.xml",)
    assert paper.count("/hidden.xml") == 1


def test_the_address_of_an_article_leads_to_the_front_page(paper, tmp_path):
    paper.answers["/rss"] = (rss(paper, *NEWS),)
    assert add(paper, tmp_path, url=f"{paper.url}/news/1001").exit_code == 0
    one = read(tmp_path / "publishers" / "sahel.toml")
    assert (one.homepage, one.feeds) == (f"{paper.url}/", (f"{paper.url}/rss",))


def test_feeds_of_one_content_are_taken_once(paper, tmp_path):
    head = ALTERNATE + ALTERNATE.replace("/my-feed", "/same") + ALTERNATE.replace("/my-", "/other-")
    paper.answers["/"] = (front(head=head),)
    paper.answers["/my-feed"] = paper.answers["/same"] = (rss(paper, *NEWS[:2]),)
    paper.answers["/other-feed"] = (rss(paper, *NEWS),)
    add(paper, tmp_path)
    one = read(tmp_path / "publishers" / "sahel.toml")
    assert one.feeds == (f"{paper.url}/my-feed", f"{paper.url}/other-feed")


def test_what_a_page_says_breaks_out_of_no_comment_and_no_string(paper, tmp_path):
    evil = "الساحل&quot;&#10;homepage = &quot;http://evil.example/"
    bad = "<link rel='alternate' type='application/rss+xml' href='/x&#10;feeds = []'>"
    paper.answers["/"] = (front(head=bad + ALTERNATE, title=evil),)
    paper.answers["/my-feed"] = (rss(paper, *NEWS),)
    assert add(paper, tmp_path).exit_code == 0
    table = tomllib.loads((tmp_path / "publishers" / "sahel.toml").read_text("utf-8"))
    assert table["homepage"] == f"{paper.url}/"
    assert table["feeds"] == [f"{paper.url}/my-feed"]


def test_addresses_of_the_own_network_that_a_page_names_are_not_asked(paper, tmp_path):
    with wire.serving() as inner:
        inner.answers["/feed"] = (rss(paper, *NEWS),)
        paper.answers["/"] = (front(head=ALTERNATE.replace("/my-feed", f"{inner.url}/feed")),)
        result = add(paper, tmp_path)
        assert inner.asked == []
    assert result.exit_code == 1
    assert files(tmp_path) == []


def shop(site):
    """Pages with texts and without dates: goods, not news."""
    site.answers["/"] = (front(*((f"/product/{n}", "كرسي خشبي") for n in range(5001, 5009))),)
    for number in range(5001, 5009):
        site.answers[f"/product/{number}"] = (wire.http(wire.article("كرسي خشبي مريح جدا")),)


def business_card(site):
    site.answers["/"] = (front(("/about", "من نحن"), title="مطعم الواحة"),)


def answering(status):
    def prepare(site):
        site.answers["/"] = (wire.http(b"<html><body>x</body></html>", status=status),)

    return prepare


def showing(text, media="text/html; charset=utf-8"):
    def prepare(site):
        site.answers["/"] = (wire.http(text.encode(), media=media),)

    return prepare


def wrong_feed(site):
    site.answers["/"] = (front(head=ALTERNATE),)
    site.answers["/my-feed"] = (wire.http(b"<html><body>gone</body></html>"),)


def feed_of_others(site):
    site.answers["/"] = (front(head=ALTERNATE),)
    feed = wire.feed("https://elsewhere.example/1", "https://elsewhere.example/2")
    site.answers["/my-feed"] = (wire.http(feed, media="application/rss+xml"),)


def forbidding(site):
    site.answers["/robots.txt"] = (wire.http(b"User-agent: *\nDisallow: /", media="text/plain"),)


def robots_broken(site):
    site.answers["/robots.txt"] = (wire.http(b"", status="500 Oops"),)


LOGIN = "<html><head><title>تسجيل الدخول</title></head><body><input type='password'></body></html>"
PARKED = "<html><head><title>x.example</title></head><body>This domain is for sale</body></html>"
CHALLENGE = "<html><head><title>Just a moment...</title></head><body>cf-chl</body></html>"

# What is served, and what the message must say.
NO_NEWSPAPERS = {
    "shop": (shop, ["no date"]),
    "business card": (business_card, ["no feed, no sitemap"]),
    "403": (answering("403 Forbidden"), ["answered 403", "browser", "contact"]),
    "404": (answering("404 Not Found"), ["answered 404", "front page"]),
    "401": (answering("401 Unauthorized"), ["log-in"]),
    "429": (answering("429 Too Many Requests"), ["answered 429", "later"]),
    "500": (answering("500 Internal Server Error"), ["answered 500", "later"]),
    "log-in": (showing(LOGIN), ["log-in"]),
    "parked": (showing(PARKED), ["parked", "new address"]),
    "challenge": (showing(CHALLENGE), ["tests browsers"]),
    "pdf": (showing("%PDF-1.7", "application/pdf"), ["not a web page", "application/pdf"]),
    "feed": (showing(wire.feed().decode(), "application/rss+xml"), ["an RSS feed", "front page"]),
    "json": (showing("{}", "application/json"), ["not a web page"]),
    "empty": (showing(""), ["no feed, no sitemap"]),
    "broken feed": (wrong_feed, ["/my-feed (declared on the front page): it is a web page"]),
    "others' feed": (feed_of_others, ["lead elsewhere", "elsewhere.example"]),
    "robots forbid": (forbidding, ["robots.txt forbids"]),
    "robots broken": (robots_broken, ["robots.txt", "500"]),
}


@pytest.mark.parametrize("name", NO_NEWSPAPERS)
@pytest.mark.slow
def test_what_is_no_newspaper_leaves_no_file(site, tmp_path, name):
    prepare, said = NO_NEWSPAPERS[name]
    prepare(site)
    result = add(site, tmp_path)
    assert result.exit_code == 1
    message = result.stderr.splitlines()[-1]
    assert message.startswith("Error: ")
    assert [words for words in said if words not in message] == []
    assert files(tmp_path) == []


UNREACHABLE = [
    ("http://127.0.0.1:9/", 1, ["cannot be reached", "check the spelling of the address"]),
    ("http://no-such-host.invalid/", 1, ["cannot be reached", "check the spelling of the address"]),
    ("http://localhost.localdomain:9/", 1, ["No file was written"]),
    ("ftp://x.example/", 2, ["not an http or https address", "https://example.org/"]),
    ("http://[x/", 2, ["URL"]),
    ("not an address", 2, ["not"]),
    ("enabbaladi", 2, ["not an http or https address", "https://example.org/"]),
]


@pytest.mark.parametrize(("url", "code", "said"), UNREACHABLE)
def test_addresses_that_lead_nowhere(tmp_path, url, code, said):
    result = run("add", url, "--archive", tmp_path, "--slug", "x")
    assert result.exit_code == code
    assert [words for words in said if words not in result.stderr] == []
    assert files(tmp_path) == []


@pytest.mark.parametrize("slug", ["../up", "Sahel", "a b", "", "-x", "ساحل"])
def test_what_can_be_no_slug_is_told_before_anything_is_asked(site, tmp_path, slug):
    result = run("add", f"{site.url}/", "--archive", tmp_path, "--slug", slug or " ")
    assert result.exit_code == 2
    assert "--slug" in result.stderr
    assert (site.asked, list(tmp_path.iterdir())) == ([], [])


def test_articles_behind_a_wall_are_told(paper, tmp_path):
    paper.answers["/"] = (front(head=ALTERNATE),)
    paper.answers["/my-feed"] = (rss(paper, *NEWS),)
    for path in NEWS:
        paper.answers[path] = (wire.http(b"", status="402 Payment Required"),)
    result = add(paper, tmp_path)
    assert result.exit_code == 1
    assert "do not read as articles (answered 402)" in result.stderr
    assert files(tmp_path) == []


def test_a_newspaper_that_moved_is_kept_where_it_is(paper, tmp_path):
    paper.answers["/old"] = (wire.http(b"", "Location: /", status="301 Moved Permanently"),)
    paper.answers["/"] = (front(head=ALTERNATE),)
    paper.answers["/my-feed"] = (rss(paper, *NEWS),)
    assert add(paper, tmp_path, url=f"{paper.url}/old").exit_code == 0
    assert read(tmp_path / "publishers" / "sahel.toml").homepage == f"{paper.url}/"


def test_a_data_cap_ends_the_look(paper, tmp_path):
    (tmp_path / "warraq.toml").write_text("max_mb_per_run = 0.0001", "utf-8")
    result = add(paper, tmp_path)
    assert result.exit_code == 1
    assert "`max_mb_per_run` is 0.0001: nothing more is fetched" in result.stderr
    assert paper.targets() == ["/robots.txt", "/"]
    assert files(tmp_path) == []


@pytest.mark.slow
def test_ctrl_c_ends_the_look(paper, tmp_path):
    paper.answers["/"] = (1.0, front(head=ALTERNATE))
    words = ("publishers", "add", f"{paper.url}/", "--archive", tmp_path, "--slug", "sahel")
    with shell.start(*words) as process:
        assert wire.until(lambda: "/" in paper.targets())
        process.send_signal(signal.SIGINT)
        output = process.communicate(timeout=20)[0]
    assert process.returncode == 130
    assert output.splitlines()[-1] == "Stopped; run the same command to start again."
    assert "Traceback" not in output
    assert "/my-feed" not in paper.targets()
    assert files(tmp_path) == []


def test_a_file_is_replaced_only_by_force(paper, tmp_path):
    paper.answers["/"] = (front(head=ALTERNATE),)
    paper.answers["/my-feed"] = (rss(paper, *NEWS),)
    assert add(paper, tmp_path).exit_code == 0
    path = tmp_path / "publishers" / "sahel.toml"
    path.write_text(path.read_text("utf-8") + "# mine\n", "utf-8")
    asked = len(paper.asked)
    again = add(paper, tmp_path)
    assert again.exit_code == 1
    assert "--force" in again.stderr
    assert "# mine" in path.read_text("utf-8")
    other = run("add", f"{paper.url}/", "--archive", tmp_path, "--slug", "other")
    assert other.exit_code == 1
    assert "known as 'sahel'" in other.stderr
    assert len(paper.asked) == asked  # it was known without a request
    assert add(paper, tmp_path, "--force").exit_code == 0
    assert "# mine" not in path.read_text("utf-8")


def test_a_packaged_newspaper_is_known_without_a_request(tmp_path):
    result = run("add", "www.enabbaladi.net", "--archive", tmp_path)
    assert result.exit_code == 1
    assert "warraq crawl enabbaladi" in result.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_each_fixture_newspaper_is_added_checked_and_then_crawled(tmp_path):
    stand = Newsstand(articles=90, papers=ALL)
    with serve(stand):
        for slug, one in stand.papers.items():
            root = tmp_path / slug
            words = ("--archive", root, "--now", NOW)
            added = run("add", f"{one.base_url}/", *words, "--slug", slug)
            assert added.exit_code == 0, added.output
            assert read(root / "publishers" / f"{slug}.toml").name == one.name
            titles = {truth.title for truth in one.truths(stand.now())}
            assert sum(title in added.stdout for title in titles) == 3, added.stdout
            checked = run("check", slug, *words)
            assert checked.exit_code == 0, checked.output
            crawled = CliRunner().invoke(warraq, ["crawl", slug, *map(str, words)])
            assert crawled.exit_code == 0, crawled.output
            with closing(open_for_reading(root)) as db:
                found = {title for (title,) in db.execute("select title from articles")}
            now = stand.now()
            missing = [t for t in one.truths(now) if not t.gone and t.title not in found]
            assert missing == [], slug
