"""The headline loses its newspaper's name, by whatever mark it hangs on, and nothing else."""

import pytest

from crawler.extract.headline import choose, learned, site_names, without_site

HEADLINE = "رأس النخل تعيد فتح رصيفها الجنوبي"
NAMES = site_names(["صحيفة صوت النخل", "Sawt Alnakhl"], "www.sawtalnakhl.example")
SITES = ("صحيفة صوت النخل", "صوت النخل", "Sawt Alnakhl", "sawtalnakhl.example")
AFTER = (
    "{t} | {s}",
    "{t} - {s}",
    "{t} – {s}",
    "{t} — {s}",
    "{t} » {s}",
    "{t} « {s}",
    "{t} :: {s}",
    "{t} / {s}",
    "{t} • {s}",
    "{t} · {s}",
    "{t} ~ {s}",
    "{t} > {s}",
    "{t}|{s}",
    "{t} ({s})",
    "{t} [{s}]",
    "{t} - {s}.",
    "{t} ـ {s}",
    "{t}- {s}",
    "{t} -{s}",
    "{t} .. {s}",
    "{t} … {s}",
    "{t} | {s} | أخبار الساحل",
)
BEFORE = (
    "{s} | {t}",
    "{s} - {t}",
    "{s}: {t}",
    "{s} : {t}",
    "{s} :: {t}",
    "{s} » {t}",
    "{s} >> {t}",
)


@pytest.mark.parametrize("form", [*AFTER, *BEFORE])
@pytest.mark.parametrize("site", SITES)
def test_a_newspapers_name_goes(form: str, site: str):
    assert without_site(form.format(t=HEADLINE, s=site), NAMES) == HEADLINE


KEPT = (
    "رأس النخل - بيروت: خط بحري جديد",
    "مصر: ارتفاع أسعار الزيت في الأسواق",
    "عن «صوت النخل» وأيامها الأولى في المدينة",
    "الحداد: لن نرفع الرسوم على التجار",
    "رأس النخل.. مدينة لا تنام",
)


@pytest.mark.parametrize("headline", KEPT)
def test_a_headline_with_marks_of_its_own_stays(headline: str):
    assert without_site(headline, NAMES) == headline
    stated = f"{headline} | صوت النخل"
    assert choose([("h1", headline), ("title", stated), ("meta", stated)], NAMES) == headline


def test_a_section_goes_only_from_what_is_stated_for_machines():
    sections = frozenset({"اقتصاد", "مصر"})
    stated = f"{HEADLINE} - اقتصاد - صوت النخل"
    assert choose([("title", stated)], NAMES, sections) == HEADLINE
    spoken = "مصر: ارتفاع أسعار الزيت في الأسواق"
    assert choose([("h1", spoken), ("title", spoken)], NAMES, sections) == spoken


def test_the_name_of_an_unknown_newspaper_is_learned_from_its_titles():
    assert "بريد الساحل" in learned([f"{HEADLINE} | بريد الساحل"], HEADLINE)
    assert learned([f"{HEADLINE} | ليلى منصور"], HEADLINE) == frozenset()
