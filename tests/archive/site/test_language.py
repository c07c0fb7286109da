"""Both languages of the interface, and that no sentence lacks its English."""

import ast
import re
import string
import tomllib
from pathlib import Path

import pytest
from datasette.app import Datasette
from jinja2 import nodes
from markupsafe import Markup

import archive.site
from archive.site import language
from archive.site.language import ENGLISH, LANGUAGES, t

SITE = Path(archive.site.__file__).parent
NOT_SAID = {"citation.py", "language.py"}  # an Arabic sentence in any language; a language's name


@pytest.fixture
def english():
    token = language._current.set(ENGLISH)
    yield
    language._current.reset(token)


async def said(datasette):
    """Return (where, sentence) of each `t("…")` in templates, and of each Arabic text in code."""
    await datasette.invoke_startup()
    for path in sorted((SITE / "templates").rglob("*.*")):
        tree = datasette.jinja_env.parse(path.read_text(encoding="utf-8"))
        for call in tree.find_all(nodes.Call):
            if isinstance(call.node, nodes.Name) and call.node.name == "t":
                yield path.name, call.args[0].as_const() if call.args else None
    for path in sorted(SITE.rglob("*.py")):
        if path.name not in NOT_SAID:
            for sentence in sentences(path.read_text(encoding="utf-8")):
                yield path.name, sentence


def sentences(source):
    """Return the Arabic texts of a module, but for what its docstrings show."""
    tree = ast.parse(source)
    shown = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    texts = [node for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    said = [str(node.value) for node in texts if id(node) not in shown]
    return [text for text in said if re.search("[\u0621-\u064a]", text)]


async def test_every_sentence_has_its_english_with_the_same_places(datasette):
    places = lambda text: {name for _, name, _, _ in string.Formatter().parse(text) if name}  # noqa: E731
    wrong = []
    async for where, sentence in said(datasette):
        translated = language._ENGLISH.get(sentence)
        each = translated if isinstance(translated, list) else [translated]
        if not all(each) or any(places(one) != places(sentence) for one in each[-1:]):
            wrong.append((where, sentence))
    assert wrong == []


# Documents in both languages, and examples of searches.
BILINGUAL = {"_evidence.html", "custody.html", "search.html"}


@pytest.mark.parametrize("name", sorted(path.name for path in SITE.glob("templates/warraq/*.*")))
def test_a_template_says_no_sentence_but_through_t(name):
    source = (SITE / "templates" / "warraq" / name).read_text(encoding="utf-8")
    source = re.sub(r"{#.*?#}", "", source, flags=re.DOTALL)
    for said_in_both in (r"\bt\(\s*(\"[^\"]*\"|'[^']*')", r"both\(\('[^']*'"):
        source = re.sub(said_in_both, "", source)
    assert name in BILINGUAL or not re.findall("[\u0621-\u064a]+", source)


def test_no_sentence_has_two_translations():
    sections = tomllib.loads((SITE / "english.toml").read_text(encoding="utf-8"))
    seen: dict[str, object] = {}
    for section, lines in sections.items():
        for arabic, translated in lines.items():
            assert seen.setdefault(arabic, translated) == translated, (section, arabic)


def test_a_sentence_in_arabic_and_its_places():
    assert t("بحث") == "بحث"
    assert t("المواد: {n}", n=1234) == "المواد: 1,234"
    assert t("في {where}", where=Markup("<b>{}</b>").format("<i>")) == "في <b>&lt;i&gt;</b>"
    assert t("{a} {b}", a="<i>", b=Markup("<b>")) == Markup("&lt;i&gt; <b>")
    assert not isinstance(t("{a}", a="<i>"), Markup)


def test_a_sentence_in_english(english, monkeypatch):
    monkeypatch.setitem(language._ENGLISH, "المواد: {n}", ["{n} article", "{n} articles"])
    assert t("بحث") == "Search"
    assert [t("المواد: {n}", n=n) for n in (0, 1, 2000)] == [
        "0 articles", "1 article", "2,000 articles",
    ]  # fmt: skip
    assert t("لا ترجمة لهذه") == "لا ترجمة لهذه"


async def test_the_language_is_chosen_and_remembered(datasette, shelf):
    arabic = await datasette.client.get("/search?q=تونس")
    assert '<html lang="ar" dir="rtl">' in arabic.text
    (switch,) = re.findall(r'class="language"[^>]*href="([^"]+)"', arabic.text)
    chosen = await datasette.client.get(switch)
    assert chosen.status_code == 302
    assert chosen.headers["location"] == "/search?q=%D8%AA%D9%88%D9%86%D8%B3"
    assert "Path=/" in chosen.headers["set-cookie"]
    cookies = {language.COOKIE: chosen.cookies[language.COOKIE]}
    page = await datasette.client.get(chosen.headers["location"], cookies=cookies)
    assert '<html lang="en" dir="ltr">' in page.text
    assert "Cookie" in page.headers["vary"]  # Datasette's own word
    assert '<html lang="ar" dir="rtl">' in (await datasette.client.get("/")).text


@pytest.mark.parametrize(
    ("wanted", "path"),
    [
        ("/article/1?x=%2F", "/article/1?x=%2F"),
        ("//evil.example/", "/"),
        ("/\\evil.example/", "/"),
        ("https://evil.example/", "/"),
        ("javascript:alert(1)", "/"),
        ("/a\r\nX: y", "/"),
        ("", "/"),
    ],
)
async def test_the_choice_leads_nowhere_but_back(datasette, wanted, path):
    answer = await datasette.client.get("/language/en", params={"next": wanted})
    assert answer.headers["location"] == path


async def test_below_a_prefix(shelf):
    datasette = Datasette([shelf.database], settings={"base_url": "/news/"})
    answer = await datasette.client.get("/language/en?next=/news/search")
    assert answer.headers["location"] == "/news/search"
    assert "Path=/news/" in answer.headers["set-cookie"]


@pytest.mark.parametrize("value", ["fr", "", "en'", "<script>", "é"])
async def test_another_language_is_arabic(datasette, value):
    cookie = {"cookie": f"x=1; {language.COOKIE}={value}".encode()}
    assert 'lang="ar"' in (await datasette.client.get("/", headers=cookie)).text


def test_languages():
    assert [(code, each.direction) for code, each in LANGUAGES.items()] == [
        ("ar", "rtl"), ("en", "ltr"),
    ]  # fmt: skip
