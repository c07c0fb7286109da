"""Bytes become characters, and Arabic that its own site misread is repaired."""

import gzip
import json
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.models import Link
from crawler.extract.charset import decode, repair
from crawler.extract.vocabulary import ARABIC_SCRIPT
from crawler.ingest import is_article
from tests.crawler.extract.markup import P1, PARAGRAPHS, TEXT, TITLE, page, ps
from tests.crawler.extract.misreading import MISREADINGS, misread
from tests.crawler.extract.reading import read

ARABIC = "وقال وزير النقل إن بلاده ترحب بالاتفاق، مؤكداً «أهمية الحوار» بين الأطراف كافة"
FRENCH = "L'été dernier, le président a déclaré à la presse où il était déjà passé"
PAGE = "<html><head>{}</head><body><p>{}</p></body></html>"
UTF8 = "<meta charset=utf-8>"
STYLES = "<link rel=stylesheet href=/style.css>" * 3

CASES = (
    ("cp1256", None, "", ARABIC, "cp1256", None),
    ("cp1256", "text/html; charset=windows-1256", "", ARABIC, "cp1256", None),
    ("cp1256", "text/html; charset=utf-8", "", ARABIC, "cp1256", "utf-8"),
    ("cp1256", "text/html", "<meta charset=iso-8859-1>", ARABIC, "cp1256", "cp1252"),
    ("cp1256", None, "<meta charset=iso-8859-6>", ARABIC, "cp1256", "iso8859-6"),
    ("iso8859_6", None, "", ARABIC.replace("«", "").replace("»", ""), "iso8859-6", None),
    ("utf-8", None, "", ARABIC, "utf-8", None),
    ("utf-8", "text/html; charset=windows-1256", "", ARABIC, "utf-8", "cp1256"),
    ("utf-8", "text/html; charset=no-such-charset", UTF8, ARABIC, "utf-8", None),
    ("utf-8", "text/html; charset=base64", UTF8, ARABIC, "utf-8", None),
    ("utf-8-sig", "text/html; charset=windows-1256", "", ARABIC, "utf-8", None),
    ("utf-16", None, "", ARABIC, "utf-16-le", None),
    ("utf-16-le", None, STYLES, ARABIC, "utf-16-le", None),
    ("utf-16-be", "text/html; charset=utf-16be", STYLES, ARABIC, "utf-16-be", None),
    ("cp1252", None, "", FRENCH, "cp1252", None),
    ("cp1252", "text/html; charset=utf-8", "", FRENCH, "cp1252", "utf-8"),
)


@pytest.mark.parametrize(("charset", "header", "head", "text", "read_as", "overruled"), CASES)
def test_a_page_is_read_in_its_charset(charset, header, head, text, read_as, overruled):
    found = decode(PAGE.format(head, text).encode(charset, "replace"), header)
    assert text in found.text
    assert (found.charset, found.overruled) == (read_as, overruled)


@pytest.mark.parametrize("cut", [1, 2, 3])
def test_a_torn_end_leaves_utf8_alone(cut: int):
    body = PAGE.format("", ARABIC * 20).encode()
    torn = body.rsplit(b"</p>", 1)[0][:-cut]
    assert decode(torn).charset == "utf-8"


def test_a_few_broken_letters_leave_utf8_alone():
    body = PAGE.format("", ARABIC * 50).encode().replace("النقل".encode(), b"\xd9\xff", 1)
    found = decode(body)
    assert found.charset == "utf-8"
    assert "\N{REPLACEMENT CHARACTER}" in found.text


@given(st.binary(max_size=400), st.text(max_size=30))
def test_no_bytes_raise(body: bytes, header: str):
    assert isinstance(decode(body, f"text/html; charset={header}").text, str)


# Small news in other scripts, in the charsets that pages of them are in; all of it is fictional.
JAPANESE = (
    "市は火曜日、新しい魚市場を来月に開くと発表した。市長によると、工事には三年かかり、"
    "費用は二億円を超えた。漁師たちは「この日を長く待っていた」と話している。"
)
RUSSIAN = (
    "Во вторник городские власти сообщили, что новый рыбный рынок откроется в следующем "
    "месяце. По словам мэра, работы заняли три года и обошлись в двести миллионов."
)
FOREIGN = {
    "gb18030": "市政府星期二宣布，新的渔港市场将在下个月开放。市长表示，这个项目一共花了三年时间，"
    "总投资超过两亿元。当地渔民说，他们等待这一天已经很久了。",
    "big5": "市政府星期二宣布，新的漁港市場將在下個月開放。市長表示，這個項目一共花了三年時間，"
    "總投資超過兩億元。當地漁民說，他們等待這一天已經很久了。",
    "euc_jp": JAPANESE,
    "cp932": JAPANESE,
    "cp949": "시는 화요일 새로운 수산시장을 다음 달에 연다고 발표했다. 시장은 공사에 삼 년이 "
    "걸렸고 비용은 이억 원을 넘었다고 말했다. 어민들은 이 날을 오래 기다렸다고 한다.",
    "koi8-r": RUSSIAN,
    "cp1251": RUSSIAN,
    "iso8859-5": RUSSIAN,
    "cp1253": "Ο δήμος ανακοίνωσε την Τρίτη ότι η νέα ιχθυαγορά θα ανοίξει τον επόμενο μήνα. Ο "
    "δήμαρχος είπε ότι τα έργα κράτησαν τρία χρόνια και κόστισαν διακόσια εκατομμύρια.",
    "cp1255": "העירייה הודיעה ביום שלישי כי שוק הדגים החדש ייפתח בחודש הבא. ראש העיר אמר כי "
    "העבודות נמשכו שלוש שנים ועלו יותר ממאתיים מיליון. הדייגים אמרו שחיכו ליום הזה זמן רב.",
    "cp874": "เทศบาลเมืองแถลงเมื่อวันอังคารว่า ตลาดปลาแห่งใหม่จะเปิดในเดือนหน้า "
    "นายกเทศมนตรีกล่าวว่า การก่อสร้างใช้เวลาสามปี และใช้เงินกว่าสองร้อยล้าน "
    "ชาวประมงบอกว่ารอคอยวันนี้มานานแล้ว",
    "iso8859-2": "Město v úterý oznámilo, že nová rybí tržnice se otevře příští měsíc. Podle "
    "starosty trvaly práce tři roky a stály přes dvě stě milionů korun. Rybáři čekali dlouho.",
    "cp1254": "Belediye salı günü yeni balık pazarının gelecek ay açılacağını duyurdu. Başkana "
    "göre çalışmalar üç yıl sürdü ve iki yüz milyondan fazlaya mal oldu. Balıkçılar bekledi.",
}  # fmt: skip
LABELS = {"gb18030": "gb2312", "cp932": "shift_jis", "cp949": "euc-kr", "cp874": "tis-620"}
LATIN = ("iso8859-2", "cp1254")


def foreign(charset: str, head: str = "", times: int = 4) -> tuple[str, bytes]:
    """Return an article in a charset with a headline, as text and as its page."""
    text = FOREIGN[charset]
    html = page(f"<article><h1>{text[:18]}</h1>{ps(*[text] * times)}</article>", head)
    bare = "".join(char for char in html if char.isascii() or char in text)
    return text, bare.encode(charset)


def is_kept(body: bytes, header: str | None) -> bool:
    return is_article(read(body, content_type=header), frozenset(ARABIC_SCRIPT))


TEASER = b"<li>" + ARABIC.encode()[:27] + b"...</li>"  # cut in the middle of a letter
SPONSORED = "إعلان ممول: اشترك الآن في خدمة الرسائل القصيرة".encode("cp1256")
BROKEN = {
    "an article with teasers that are cut": PAGE.format("", ARABIC * 5).encode() + TEASER * 30,
    "teasers alone": TEASER * 60,
    "a paragraph in another charset": PAGE.format("", ARABIC * 5).encode() + SPONSORED,
}


@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize("label", [None, "utf-8"])
def test_utf8_with_more_broken_letters_is_read(body: bytes, label: str | None):
    found = decode(body, f"text/html; charset={label}" if label else None)
    assert ARABIC[:10] in found.text
    assert (found.charset, found.overruled, found.utf8) == ("utf-8", None, None)


STYLE = "<style>" + "a{b:c}" * 30_000 + "</style>"


@pytest.mark.parametrize("label", [None, "utf-8", "iso-8859-1", "windows-1256"])
def test_letters_behind_much_ascii_tell_the_charset(label: str | None):
    header = f"text/html; charset={label}" if label else None
    found = decode(PAGE.format(STYLE, ARABIC * 5).encode("cp1256"), header)
    assert ARABIC in found.text
    assert found.charset == "cp1256"


@pytest.mark.parametrize("charset", FOREIGN)
def test_another_script_behind_much_ascii_is_no_arabic(charset: str):
    text, body = foreign(charset, STYLE)
    assert charset in LATIN or text in decode(body).text
    assert not is_kept(body, None)


def test_a_broken_byte_before_much_ascii_spoils_nothing():
    title = "<title>خبر".encode() + b"\xd8</title>"
    found = decode(title + PAGE.format(STYLE, ARABIC * 5).encode(), "text/html; charset=utf-8")
    assert ARABIC in found.text
    assert found.charset == "utf-8"


@pytest.mark.parametrize("charset", FOREIGN)
@pytest.mark.parametrize("where", ["header", "meta", "meta against the header", "after utf-8"])
def test_a_declared_charset_stands(charset: str, where: str):
    label = LABELS.get(charset, charset)
    header, meta = f"text/html; charset={label}", f"<meta charset={label}>"
    if where != "header":
        header = "text/html; charset=utf-8" if where == "after utf-8" else "text/html"
    if where == "meta against the header":
        header = "text/html; charset=iso-8859-1"
    text, body = foreign(charset, "" if where == "header" else meta)
    found = decode(body, header)
    if where != "meta against the header" or charset not in LATIN:
        assert text in found.text
    assert not is_kept(body, header)


@pytest.mark.parametrize("charset", FOREIGN)
@pytest.mark.parametrize("header", [None, "text/html; charset=utf-8", "text/html; charset=x-no"])
def test_an_undeclared_charset_is_recognised(charset: str, header: str | None):
    text, body = foreign(charset)
    found = decode(body, header)
    if charset not in LATIN:
        assert text in found.text
    assert not is_kept(body, header)


@pytest.mark.parametrize("charset", FOREIGN)
@pytest.mark.parametrize("declared", [True, False])
def test_a_torn_end_or_a_broken_byte_changes_no_charset(charset: str, *, declared: bool):
    header = f"text/html; charset={charset}" if declared else None
    text, body = foreign(charset, times=12)
    end = body.rindex(text[-4:].encode(charset))
    begin = body.index(text[:8].encode(charset)) + 2
    broken = body[:begin] + b"\xff" + body[begin:]
    for torn in (body[: end + 1], body[: end + 2], broken):
        found = decode(torn, header)
        if declared or charset not in LATIN:
            assert text in found.text
        assert not is_kept(torn, header)


@pytest.mark.parametrize("header", ["windows-1256", "iso-8859-1", "windows-1251", "utf-8"])
def test_arabic_is_read_where_one_of_two_declarations_names_it(header: str):
    body = PAGE.format("<meta charset=windows-1256>", ARABIC * 3).encode("cp1256")
    assert ARABIC in decode(body, f"text/html; charset={header}").text


def test_no_charset_is_guessed_for_what_none_explains():
    noise = bytes(random.Random(1).choices(range(0x80, 0x100), k=4000))
    body = b"<html><body><p>news" + noise + b"</p></body></html>"
    found = decode(body, "text/html; charset=utf-8")
    assert (found.charset, found.overruled) == (None, "utf-8")
    (problem,) = read(body).problems
    assert (problem.kind, "unreadable" in problem.detail) == ("no-text", True)


@pytest.mark.parametrize(
    "name", ["idna", "punycode", "unicode_escape", "cp037", "zlib", "rot13", "undefined", "utf-7"]
)
def test_a_codec_that_is_no_charset_of_pages_is_not_declared(name: str):
    body = PAGE.format("", ARABIC * 3).encode("cp1256")
    assert decode(body, f"text/html; charset={name}").charset == "cp1256"


def test_seven_bits_are_no_utf8_where_so_declared():
    text = FOREIGN["cp932"]
    body = PAGE.format("<meta charset=iso-2022-jp>", text).encode("iso2022_jp")
    assert text in decode(body).text


def test_nothing_is_guessed_for_utf8_and_what_is_declared(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("charset_normalizer.from_bytes", None)
    for charset, header in (("utf-8", None), ("cp1256", "windows-1256"), ("gb18030", "gbk")):
        text = FOREIGN.get(charset, ARABIC)
        body = PAGE.format("", text).encode(charset)
        assert text in decode(body, f"text/html; charset={header}").text


SHARED = Path(__file__).resolve().parents[3] / ".." / "shared" / "arabic"


def written(text, how):
    """Return what of a text can be written in the charset that was misread."""
    charset = "cp1256" if how.startswith("windows") else "utf-8"
    return text.encode(charset, "ignore").decode(charset)


ARABIC_TEXTS = [
    "بوتين والأسد يجتمعان عبر الفيديو لبحث مؤتمر اللاجئين.",
    "قال الرئيس: “اللاجئون أولا”، ثم غادر في الساعة ١٢:٣٠ إلى حلب (شمالا).",
    "محمد الماغوط",
    "شركة Google تفتح مكتبا في القاهرة، بحسب BBC.",
    "وَقَالَ إنَّ الأمرَ منتهٍ؟",
]


@pytest.mark.parametrize("how", MISREADINGS)
@pytest.mark.parametrize("text", ARABIC_TEXTS)
def test_misread_arabic_is_read_again(text, how):
    assert repair(misread(text, how)) == written(text, how)


LEFT_ALONE = [
    "",
    "plain English, with “quotes” and an em — dash",
    "L'été à Orléans où l'œuvre naît, ÇA ET LÀ : « déjà vu » À ÉVITER",
    "À LA UNE: ÉTÉ ÂGÉ ÊTRE ÉLÈVE ÔTÉ",
    "Größe, Übermaß, Köln; İstanbul'da çığ, şöför; São João, çã, Málaga; Þórður á ís",
    "رئیس‌جمهور گفت: «پیام ایران روشن است»؛ چهار کشور دیگر هم ژرف‌اندیشی کردند.",
    "وزیرِ اعظم نے کہا ہے کہ پاکستان میں ٹیکس کی شرح بڑھ گئی۔",
    "سەرۆکی هەرێمی کوردستان لە هەولێر کۆبووەوە",
    "أكد حفظ… وضغط «ظ» ثم ط، وظ° آ، أ، في ظ¤ كلمات",
    "x = {'a': 1}; print(f'{x!r:>10}')  # Ø is a diameter, Ã an A; ±5 µm ×3 §4 ¶ ©",
    "هزمتهم في معركة من BáÄ�ch Ä�áº ± ng (1288)، واسمه Viá»‡t بالفيتنامية",
    "Ø§Ù", "Ù…", "ãä", "Çá", "æøåÆØÅ", "ñáéíóúüÑÁÉÍÓÚÜ",
]  # fmt: skip


@pytest.mark.parametrize("text", LEFT_ALONE)
def test_what_is_no_misread_arabic_is_left_alone(text):
    assert repair(text) == text


def test_misread_french_is_not_ours_to_repair():
    text = misread("L'été à Orléans où l'œuvre naît", "cp1252")
    assert repair(text) == text


def test_only_the_lines_that_are_misread_change():
    good, bad = ARABIC_TEXTS[:2]
    assert repair(f"{good}\n{misread(bad, 'cp1252')}\n{good}") == f"{good}\n{bad}\n{good}"


def test_a_string_cut_in_the_middle_of_a_letter_keeps_its_end():
    text = ARABIC_TEXTS[0]
    assert repair(misread(text, "cp1252") + "Ø") == text + "Ø"


def test_where_letters_were_lost_nothing_is_made_up():
    text = misread("أفاد فريق من الأفراد بوفاة ضيف في فندق", "cp1252").replace("\x81", "")
    assert repair(text) == text


@given(st.text())
def test_any_text_can_be_asked_and_twice_is_once(text):
    once = repair(text)
    assert repair(once) == once


def sentences():
    path = SHARED / "news-sentences.txt.gz"
    if not path.is_file():
        pytest.skip("the sentences of news are not at hand")
    return gzip.decompress(path.read_bytes()).decode().splitlines()


@pytest.mark.slow
def test_no_sentence_of_news_is_changed_and_each_is_repaired():
    for number, sentence in enumerate(sentences()):
        assert repair(sentence) == sentence
        how = MISREADINGS[number % len(MISREADINGS)]
        assert repair(misread(sentence, how)) == written(sentence, how)


AUTHOR = "سامر الحلبي"
MISREAD_PAGE = page(f"<article><h1>{TITLE}</h1>{ps(*PARAGRAPHS)}</article>")


def kinds(found):
    return [problem.kind for problem in found.problems]


@pytest.mark.parametrize("how", MISREADINGS)
def test_a_page_that_is_misread_throughout(how):
    found = read(misread(MISREAD_PAGE, how))
    assert (found.title, found.text, found.language) == (TITLE, TEXT, "ar")
    assert kinds(found) == ["mojibake"]


def test_a_single_field_that_is_misread():
    graph = {
        "@type": "NewsArticle",
        "author": {"@type": "Person", "name": misread(AUTHOR, "cp1252")},
    }
    script = f'<script type="application/ld+json">{json.dumps(graph, ensure_ascii=False)}</script>'
    found = read(MISREAD_PAGE.replace("</head>", f"{script}</head>"))
    assert found.authors == (AUTHOR,)
    assert found.text == TEXT
    assert kinds(found) == ["mojibake"]


def test_hints_of_a_listing_are_repaired_too():
    html = MISREAD_PAGE.replace(TITLE, "")
    hints = Link(url="https://sahel.example/1", title=misread(TITLE, "cp1256"))
    assert read(html, hints=hints).title == TITLE


@pytest.mark.parametrize("control", ["\x0b", "\ufffe", "\x1f"])
def test_what_no_tree_may_hold_ends_in_no_error(control):
    broken = ps(*PARAGRAPHS, misread(f"{P1}{control}{P1}", "cp1252"))
    found = read(page(f"<article><h1>{TITLE}</h1>{broken}</article>"))
    assert found.text.startswith(TEXT)


def test_a_sound_page_is_left_alone():
    assert kinds(read(MISREAD_PAGE)) == []
