"""Pages that are empty without scripts, shown by a real Chromium that has no network of its own."""

import asyncio
import json
import socket
import threading
from contextlib import AsyncExitStack, closing

import pytest
from warcio.archiveiterator import ArchiveIterator

from archive import renderings
from archive.clock import from_iso
from archive.database import open_for_reading
from archive.warc import reader, records
from crawler import browser
from crawler.commands.options import chosen
from crawler.crawl import Job, crawl
from crawler.errors import RenderError
from crawler.publisher import Publisher
from fixtures import Newsstand, serve, ufuq_app
from fixtures.ufuq import Ufuq
from tests.crawler import wire
from tests.crawler.browser.shells import SHELL

pytestmark = [
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.skipif(browser.find_chromium() is None, reason="no Chromium is installed"),
]

TITLE = "عنوان لا يظهر إلا بعد تشغيل البرنامج"
TEXT = "قال مراسلنا في المدينة إن الوضع هادئ اليوم، وإن السكان عادوا إلى بيوتهم بعد أيام من الغياب."
APP = """
fetch('/api' + location.pathname).then(answer => answer.json()).then(story => {
  document.title = story.title;
  const paragraphs = story.text.map(text => `<p>${text}</p>`).join('');
  document.getElementById('app').innerHTML =
    `<article><h1>${story.title}</h1>` +
    `<time datetime="2026-11-23T10:00:00+03:00">23 نوفمبر 2026</time>` +
    `<img src="/photo.jpg"><div class="article-body">` +
    paragraphs + `<p>الساعة ${new Date().toLocaleTimeString('en-GB')} في المدينة يوم ` +
    `${new Date().getFullYear()} كما كتب المراسل هناك.</p></div></article>`;
});
"""
PARAGRAPHS = [f"{TEXT} هذا ما قاله الشاهد رقم {number}." for number in range(1, 5)]


@pytest.fixture
def scripted(archive, site):
    """A newspaper whose page is empty without scripts."""
    archive.follow(
        feeds=[site.url + "/feed"], render=True, timezone="Asia/Damascus", homepage=site.url + "/"
    )
    feed = wire.feed(site.url + "/news/1")
    site.answers["/feed"] = (wire.http(feed, media="application/rss+xml"),)
    shell(site)
    site.answers["/app.js"] = (wire.http(APP.encode(), media="text/javascript"),)
    story(site, TITLE)
    return archive


def shell(site, more=""):
    site.answers["/news/1"] = (wire.http(SHELL.format(more=more).encode(), 'ETag: "shell"'),)


def story(site, title, number=1):
    body = json.dumps({"title": title, "text": PARAGRAPHS}).encode()
    site.answers[f"/api/news/{number}"] = (wire.http(body, media="application/json"),)


def titles(archive):
    return archive.rows("select title, revision_count from articles")


async def test_the_article_is_what_the_scripts_show(scripted, site):
    await scripted.crawl()
    assert titles(scripted) == [(TITLE, 1)]
    ((text, image),) = scripted.rows("select text, (select url from images) from articles")
    assert all(paragraph in text for paragraph in PARAGRAPHS)
    assert image == site.url + "/photo.jpg"
    # The browser's clock is the crawl's, in the publisher's own zone: noon in UTC.
    assert "الساعة 15:00:" in text
    assert "2026" in text
    assert site.targets() == ["/robots.txt", "/feed", "/news/1", "/app.js", "/api/news/1"]
    assert scripted.problems() == []


async def test_bytes_and_page_as_shown_stand_side_by_side(scripted, site):
    await scripted.crawl()
    ((capture, sha256),) = scripted.rows("select id, sha256 from captures where kind = 'article'")
    folder = scripted.root / "warc"
    assert sha256 == records.payload_digest(SHELL.format(more="").encode())
    with closing(open_for_reading(scripted.root)) as db:
        place = renderings.place_of(db, capture)
    assert place is not None
    shown = reader.read_payload(folder, place).decode()
    assert shown.startswith("<!DOCTYPE html><html")
    assert TITLE in shown
    (path,) = folder.rglob("*.warc.gz")
    with path.open("rb") as file:
        types = [(one.rec_type, one.rec_headers.get_header("WARC-Target-URI")) for one in
                 ArchiveIterator(file)]  # fmt: skip
    assert [one for one in types if one[0] != "metadata"][-1] == (
        "conversion", site.url + "/news/1",
    )  # fmt: skip
    kinds = scripted.rows("select kind, count(*) from captures group by kind order by kind")
    assert kinds == [("article", 1), ("feed", 1), ("resource", 2), ("robots", 1)]


async def test_the_same_shell_may_show_something_else(scripted, site):
    await scripted.crawl()
    site.asked.clear()
    story(site, "عنوان آخر بعد التعديل في الموقع")
    scripted.forward(hours=2)
    await scripted.crawl()
    assert titles(scripted) == [("عنوان آخر بعد التعديل في الموقع", 2)]
    (again,) = [one for one in site.asked if one.target == "/news/1"]
    assert again.header("If-None-Match") is None


async def test_a_script_is_asked_for_once_by_many_pages(scripted, site):
    links = [f"{site.url}/news/{number}" for number in range(1, 7)]
    site.answers["/feed"] = (wire.http(wire.feed(*links), media="application/rss+xml"),)
    for number in range(2, 7):
        site.answers[f"/news/{number}"] = site.answers["/news/1"]
        story(site, f"{TITLE} {number}", number)
    await scripted.crawl()
    assert scripted.problems() == []
    assert len(titles(scripted)) == 6
    assert site.count("/app.js") == 1


async def test_a_section_is_rendered_too(scripted, site):
    scripted.follow(sections=[site.url + "/politics"], render=True, homepage=site.url + "/")
    script = (
        "<script>document.body.innerHTML = '<main><a href=\"/news/1001\">%s</a></main>'</script>"
    )
    page = f"<html><head><title>سياسة</title></head><body>{script % TITLE}</body></html>"
    site.answers["/news/1001"] = site.answers["/news/1"]
    story(site, TITLE, 1001)
    site.answers["/politics"] = (wire.http(page.encode()),)
    await scripted.crawl()
    assert titles(scripted) == [(TITLE, 1)]


@pytest.mark.parametrize("render", [False, True])
async def test_the_fixture_app_is_empty_without_scripts(tmp_path, render):
    newsstand = Newsstand(articles=40, papers=("ufuq",))
    with serve(newsstand):
        paper = newsstand.papers["ufuq"]
        assert isinstance(paper, Ufuq)
        toml = paper.publisher_toml().partition("feeds =")[0]
        toml += f"sections = ['{paper.base_url}/app/']\nrender = {str(render).lower()}\n"
        (tmp_path / "publishers").mkdir()
        (tmp_path / "publishers" / "ufuq.toml").write_text(toml, "utf-8")
        own = chosen(tmp_path, ["ufuq"])
        poll = frozenset({"ufuq"})
        clock = newsstand.clock
        await crawl(Job(root=tmp_path, publishers=own, command="c", poll=poll, clock=clock))
        truths = {
            ufuq_app.url(paper, number): paper.truth(number, newsstand.now())
            for number in range(1, paper.count(newsstand.now()) + 1)
        }
    with closing(open_for_reading(tmp_path)) as db:
        found = db.execute(
            "select a.url, title, text, byline, published_at, section, image_url, caption"
            " from articles a join images on article = id and position = 0"
        ).fetchall()
    assert len(found) == (5 if render else 0)
    for url, title, text, byline, published_at, section, image_url, caption in found:
        truth = truths[url]
        assert (title, text, byline) == (truth.title, truth.text, truth.byline)
        assert (section, image_url) == (truth.section, truth.image_url)
        assert from_iso(published_at) == truth.published_at
        assert caption


async def test_others_are_not_rendered(archive, site):
    await archive.crawl()
    assert archive.rows("select count(*) from renderings") == [(0,)]
    assert len(titles(archive)) == 2


@pytest.fixture
def listener():
    """A neighbour on loopback that no page may reach; it tells what reached it."""
    reached = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        over = threading.Event()

        def listen():
            while not over.is_set():
                try:
                    connection, _ = server.accept()
                except TimeoutError:
                    continue
                reached.append(connection)
                connection.close()

        thread = threading.Thread(target=listen)
        thread.start()
        yield f"127.0.0.1:{server.getsockname()[1]}", reached
        over.set()
        thread.join()
    for connection in reached:
        connection.close()


ATTACKS = """
<link rel='preconnect' href='http://{0}'><link rel='dns-prefetch' href='//{0}'>
<link rel='prefetch' href='http://{0}/prefetch'>
<link rel='preload' as='script' href='http://{0}/p.js'><img src='http://{0}/i.png'>
<video src='http://{0}/v.mp4' autoplay></video>
<iframe src='http://{0}/frame'></iframe><object data='http://{0}/o'></object>
<link rel='stylesheet' href='http://{0}/s.css'><script src='http://{0}/x.js'></script>
<style>@font-face {{ font-family: f; src: url(http://{0}/f.woff) }}
body {{ font-family: f }}</style>
<script>
const at = '{0}', quietly = run => {{ try {{ run() }} catch (error) {{}} }};
fetch('http://' + at + '/fetch').catch(() => 0);
fetch('http://localhost:' + at.split(':')[1] + '/name').catch(() => 0);
fetch('http://[::ffff:127.0.0.1]:' + at.split(':')[1] + '/six').catch(() => 0);
fetch('http://169.254.169.254/latest/meta-data/').catch(() => 0);
fetch('/moved').catch(() => 0);
quietly(() => new WebSocket('ws://' + at + '/socket'));
quietly(() => new EventSource('http://' + at + '/events'));
quietly(() => navigator.sendBeacon('http://' + at + '/beacon', 'x'));
quietly(() => new Worker(URL.createObjectURL(new Blob([
  `fetch('http://${{at}}/worker'); importScripts('http://${{at}}/import.js')`]))));
quietly(() => window.open('http://' + at + '/popup'));
quietly(() => {{
  const peer = new RTCPeerConnection({{iceServers: [{{urls: 'turn:' + at + '?transport=tcp',
    username: 'a', credential: 'b'}}]}});
  peer.createDataChannel('x'); peer.createOffer().then(offer => peer.setLocalDescription(offer));
}});
setTimeout(() => {{ location.href = 'http://' + at + '/away' }}, 100);
</script>
"""


async def test_no_refused_address_is_asked_whatever_a_page_tries(
    scripted, site, listener, monkeypatch
):
    address, reached = listener
    site.answers["/moved"] = (
        wire.http(b"", f"Location: http://{address}/redirect", status="302 Found"),
    )
    shell(site, more=ATTACKS.format(address))
    monkeypatch.setattr("crawler.settings.RENDER_SECONDS", 15.0)
    await scripted.crawl()
    await asyncio.sleep(0.3)
    assert reached == []
    # The neighbour is of the page's own site here, so what it did not get is told.
    ((kind, detail),) = scripted.rows("select kind, detail from problems")
    assert kind == "render-incomplete"
    assert "127.0.0.1 is a loopback address" in detail
    assert titles(scripted) == [(TITLE, 1)]
    assert site.count("/moved") == 1  # what is the page's own is asked for
    assert "/style.css" not in site.targets()
    told = scripted.rows("select url from captures where url like ?", f"%{address}%")
    assert told == []


async def test_robots_txt_holds_for_what_a_page_asks_for(scripted, site):
    rules = b"User-agent: *\nDisallow: /api/"
    site.answers["/robots.txt"] = (wire.http(rules, media="text/plain"),)
    await scripted.crawl()
    assert "/api/news/1" not in site.targets()
    kinds = [kind for kind, _ in scripted.problems()]
    assert kinds == ["render-incomplete", "no-text"]
    ((detail,),) = scripted.rows("select detail from problems where kind = 'render-incomplete'")
    assert "robots.txt forbids" in detail


async def test_nothing_but_get_is_sent(scripted, site):
    more = "<script>fetch('/like', {method: 'POST', body: '1'}).catch(() => 0)</script>"
    shell(site, more=more)
    await scripted.crawl()
    assert "/like" not in site.targets()
    assert titles(scripted) == [(TITLE, 1)]


async def test_a_page_that_asks_without_end_is_cut_off_and_read(scripted, site, monkeypatch):
    monkeypatch.setattr("crawler.browser.MOST_REQUESTS", 12)
    more = (
        "<script>let n = 0; (function more() { fetch('/poll?' + n++).catch(() => 0)"
        ".then(() => setTimeout(more, 20)) })()</script>"
    )
    shell(site, more=more)
    await scripted.crawl()
    assert sum(one.startswith("/poll") for one in site.targets()) <= 12
    assert titles(scripted) == [(TITLE, 1)]


HANGS = [
    ("render-timeout", "<script>onload = () => { for (;;) {} }</script>"),
    ("render-timeout", "<script src='/slow.js'></script>"),
    (
        "too-large",
        "<p hidden id='p'></p><script>p.textContent = 'x'.repeat(11 * 1024 * 1024)</script>",
    ),
]


@pytest.mark.parametrize(("kind", "more"), HANGS)
async def test_a_page_that_does_not_come_to_an_end_is_a_problem(
    scripted, site, monkeypatch, kind, more
):
    site.answers["/slow.js"] = (9.0, wire.http(b"", media="text/javascript"))
    shell(site, more=more)
    seconds = "crawler.settings.RENDER_SECONDS"
    monkeypatch.setattr(seconds, 30.0 if kind == "too-large" else 6.0)
    await scripted.crawl()
    assert scripted.problems() == [(kind, "/news/1")]
    assert scripted.rows("select state, failures from visits where kind = 'article'") == [
        ("failed", 1)
    ]
    assert scripted.rows("select count(*) from renderings") == [(0,)]
    shell(site)
    monkeypatch.setattr(seconds, 60.0)
    scripted.forward(hours=1)
    await scripted.crawl()
    assert titles(scripted) == [(TITLE, 1)]


MISSING = [
    ("playwright", "pip install 'warraq[render]'"),
    ("chromium", "apt-get install chromium"),
]


@pytest.mark.parametrize(("missing", "remedy"), MISSING)
async def test_what_is_missing_is_told_at_the_start_with_file_key_and_remedy(
    scripted, site, monkeypatch, missing, remedy
):
    if missing == "playwright":
        monkeypatch.setattr(browser, "find_spec", lambda _: None)
    else:
        monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(RenderError) as error:
        await scripted.crawl()
    assert remedy in str(error.value)
    assert str(scripted.root / "publishers" / "paper.toml") in str(error.value)
    assert "`render = true`" in str(error.value)
    assert site.asked == []
    browser.check([Publisher(slug="paper", name="صحيفة")])


async def test_a_driver_that_hangs_is_not_waited_for_without_end(monkeypatch):
    monkeypatch.setattr(browser, "_CLOSING", 0.1)
    renderer = object.__new__(browser.Renderer)
    renderer._browser, renderer._ending = None, AsyncExitStack()
    asked = []

    async def hang(name):
        asked.append(name)
        await asyncio.Event().wait()

    for name in ("the driver", "the browser"):
        renderer._ending.push_async_callback(hang, name)
    async with asyncio.timeout(5):
        await renderer.close()
    assert asked == ["the browser", "the driver"]
