"""Fictional pages whose trouble is in the article itself: its paragraphs, inserts, ends and names."""

# ruff: noqa: E501 - markup is harder to read cut up than long

from tests.crawler.extract_pages import Case
from tests.crawler.system_pages import (
    DECK_A,
    OTHERS,
    TITLE_A,
    TITLE_B,
    A,
    B,
    cards,
    document,
    ld,
    lines,
    ps,
)

_TOP = "<header><a href='/'>صوت النخل</a><nav><a href='/e'>اقتصاد</a></nav><span>الخميس 15 فبراير 2024</span></header>"
_META = "<meta property='og:site_name' content='صوت النخل'><meta property='og:type' content='article'><meta property='article:published_time' content='2024-02-14T09:20:00+02:00'>"


def story(body: str, head: str = _META, title: str = TITLE_A) -> str:
    return document(f"<title>{title} - صوت النخل</title>{head}", f"<body>{_TOP}{body}</body>")


def case(name: str, body: str, head: str = _META, title: str = TITLE_A, **expected: object) -> Case:
    truth: dict[str, object] = {
        "title": title,
        "text": lines(A),
        "published_at": "2024-02-14T07:20:00+00:00",
    }
    return Case(
        name=name,
        html=story(body, head, title),
        url="https://nakhl.example/economy/4521",
        expected={**truth, **expected},
    )


CASES = (
    case(
        "breaks-and-blanks",
        f"<h1>{TITLE_A}</h1><div class='content'>&nbsp;&nbsp;{A[0]}<br>\n<br>&nbsp;{A[1]}<br/><br/><br/>{A[2]}<br>&nbsp;<br>{A[3]}<BR><BR>{A[4]}<br><br></div>",
    ),
    case(
        "paragraphs-inside-one-span",
        f"<h1>{TITLE_A}</h1><div class='txt'><span style='font-size:18px'><span>{'<br><br>'.join(A[:3])}</span></span><div><span>{A[3]}</span></div><div>&nbsp;</div><div><span>{A[4]}</span></div></div>",
    ),
    case(
        "sections-of-divs",
        f"<h1>{TITLE_A}</h1><section class='a1'>{ps(A, '<div class=^x9^><div>', '</div></div>')}</section>",
    ),
    case(
        "half-the-text-in-bare-lines",
        f"<h1>{TITLE_A}</h1><div class='article-body'>{A[0]}<p>{A[1]}</p>{A[2]}<div>{A[3]}</div>{A[4]}</div>",
    ),
    case(
        "a-table-in-the-text",
        f"<h1>{TITLE_A}</h1><div class='article-body'>{ps(A[:2])}<table><tr><th>السنة</th><th>السفن</th></tr><tr><td>2022</td><td>310</td></tr></table>{ps(A[2:])}</div>",
        text=lines(A[:2], "السنة", "السفن", "2022", "310", A[2:]),
    ),
    case(
        "questions-and-answers",
        f"<h1>{TITLE_A}</h1><div class='article-body'><p>{A[0]}</p><p><strong>- متى يكتمل المشروع؟</strong></p><p>- في الربيع المقبل.</p><p><strong>* وهل سترتفع الرسوم؟</strong></p><p>لا.</p><p>{A[3]}</p></div>",
        text=lines(
            A[0], "- متى يكتمل المشروع؟", "- في الربيع المقبل.", "* وهل سترتفع الرسوم؟", "لا.", A[3]
        ),
    ),
    case(
        "numbered-list-with-links",
        f"<h1>{TITLE_A}</h1><div class='article-body'><p>{A[0]}</p><ol><li>الرصيف <a href='/a'>الجنوبي</a></li><li>الرصيف الشمالي</li><li><a href='/w'>منارة رأس النخل التي بنيت عام 1870.</a></li></ol>{ps(A[1:])}</div>",
        text=lines(
            A[0], "الرصيف الجنوبي", "الرصيف الشمالي", "منارة رأس النخل التي بنيت عام 1870.", A[1:]
        ),
    ),
    case(
        "a-tweet-in-the-text",
        f"<h1>{TITLE_A}</h1><div class='article-body'>{ps(A[:2])}<blockquote class='twitter-tweet'><p lang='ar' dir='rtl'>الرصيف الجنوبي يعود إلى العمل من اليوم، شكراً لكل من صبر معنا. <a href='https://t.co/x'>pic.twitter.com/x</a></p>&mdash; هيئة الموانئ (@portsauth) <a href='https://twitter.com/x'>February 14, 2024</a></blockquote>{ps(A[2:])}</div>",
        text=lines(
            A[:2],
            "الرصيف الجنوبي يعود إلى العمل من اليوم، شكراً لكل من صبر معنا. pic.twitter.com/x",
            A[2:],
        ),
    ),
    case(
        "read-also-in-many-words",
        f"<h1>{TITLE_A}</h1><div class='article-body'><p>{A[0]}</p><p>إقرأ أيضاً: <a href='/1'>{OTHERS[0]}</a></p><p>{A[1]}</p><p><a href='/2'>شاهد أيضا: {OTHERS[1]}</a></p><p>{A[2]}</p><h4>مواضيع ذات صلة</h4><ul><li><a href='/3'>{OTHERS[2]}</a></li><li><a href='/4'>{OTHERS[3]}</a></li></ul><p>{A[3]}</p><p><b>للمزيد:</b> <a href='/5'>{OTHERS[4]}</a></p><p>{A[4]}</p><p>للمزيد من الأخبار زوروا صفحتنا</p></div>",
    ),
    case(
        "read-also-without-links",
        f"<h1>{TITLE_A}</h1><div class='article-body'>{ps(A[:3])}<p>اقرأ أيضاً | {OTHERS[1]}</p>{ps(A[3:])}</div>",
    ),
    case(
        "follow-lines-at-the-end",
        f"<h1>{TITLE_A}</h1><div class='article-body'>{ps(A)}<p>تابعونا على تطبيق نبض</p><p>تابع صوت النخل على واتساب من هنا</p><p>انضم إلى قناتنا على تلغرام</p><p>لمتابعة أهم الأخبار اشترك في قناتنا على يوتيوب</p><p>#الموانئ #رأس_النخل</p><p>© 2024 صوت النخل. جميع الحقوق محفوظة.</p><p>الآراء المنشورة تعبر عن أصحابها ولا تعبر عن رأي صوت النخل</p></div>",
    ),
    case(
        "comment-policy",
        f"<h1>{TITLE_A}</h1><div class='article-body'>{ps(A)}</div><div class='pol'><p>ترحب إدارة صوت النخل بتعليقاتكم وتحتفظ بحق حذف أي تعليق يتضمن إساءة أو خروجاً عن الموضوع أو تحريضاً على الكراهية.</p></div>",
    ),
    case(
        "captions-in-the-text",
        f"<h1>{TITLE_A}</h1><div class='article-body'><p><img src='/1.jpg'><br>الرصيف الجنوبي بعد الترميم (رويترز)</p><p>{A[0]}</p><p style='text-align:center'><img src='/2.jpg'></p><p style='text-align:center'><em>عامل يتفقد رافعة في الميناء (صوت النخل)</em></p>{ps(A[1:])}</div>",
    ),
    case(
        "credit-lines",
        f"<h1>{TITLE_A}</h1><div class='article-body'><p>تصوير: سمير حداد</p>{ps(A)}<p>المصدر: وكالات</p><p>المصدر: صوت النخل + رويترز</p></div>",
        authors=(),
    ),
    case(
        "headline-and-day-repeated",
        f"<h1>{TITLE_A}</h1><div class='article-body'><p><strong>{TITLE_A}</strong></p><p>الأربعاء 14 شباط 2024</p>{ps(A)}</div>",
    ),
    case(
        "deck-repeated-in-the-text",
        f"<h1>{TITLE_A}</h1><p class='subtitle'>{DECK_A}</p><div class='article-body'><p>{DECK_A}</p>{ps(A)}</div>",
        deck=DECK_A,
    ),
    case(
        "deck-that-begins-the-text",
        f"<h1>{TITLE_A}</h1><p class='excerpt'>{A[0][:60]}...</p><div class='article-body'>{ps(A)}</div>",
        deck=None,
    ),
    case(
        "deck-as-second-heading",
        f"<article><h1>{TITLE_A}</h1><h2>{DECK_A}</h2><div class='article-body'>{ps(A)}</div></article>",
        deck=DECK_A,
    ),
    case(
        "kicker-above-the-headline",
        f"<article><div class='kicker'>بعد انتظار طويل</div><h1>{TITLE_A}</h1><div class='article-body'>{ps(A)}</div></article>",
        deck=None,
    ),
    case(
        "author-box-after-the-text",
        f"<article><h1>{TITLE_A}</h1><div class='by'>بقلم: د. سهى بركات</div><div class='article-body'>{ps(A)}</div><div class='about'><h4>سهى بركات</h4><p>باحثة في اقتصاد الموانئ، لها كتابان ومقالات كثيرة في الصحف والمجلات العربية.</p></div></article>",
        authors=("د. سهى بركات",),
    ),
    case(
        "three-who-signed",
        f"<h1>{TITLE_A}</h1><div class='info'>إعداد: ليلى منصور، سليم الرفاعي ومها العلي</div><div class='article-body'>{ps(A)}</div>",
        authors=("ليلى منصور", "سليم الرفاعي", "مها العلي"),
    ),
    case(
        "interviewer",
        f"<h1>{TITLE_A}</h1><div class='article-body'><p>حاورته: ندى سليمان</p>{ps(A)}</div>",
        authors=("ندى سليمان",),
        byline_from="text",
    ),
    case(
        "translator",
        f"<h1>{TITLE_A}</h1><div class='article-body'>{ps(A)}<p>ترجمة: كمال الزين</p></div>",
        authors=("كمال الزين",),
    ),
    case(
        "nobody-but-the-paper",
        f"<h1>{TITLE_A}</h1><span class='author'>صوت النخل</span><div class='article-body'>{ps(A)}</div>",
        _META + "<meta name='author' content='صوت النخل'>",
        authors=(),
    ),
    case(
        "nobody-but-the-desk",
        f"<h1>{TITLE_A}</h1><span class='author'>فريق التحرير</span><div class='article-body'>{ps(A)}</div>",
        _META
        + "<meta name='author' content='Developed by Webco'><meta property='article:author' content='https://nakhl.example/logo.png'>",
        authors=(),
    ),
    case(
        "agency-alone",
        f"<h1>{TITLE_A}</h1><span class='source'>رويترز</span><div class='article-body'><p>دبي (رويترز) - {A[0]}</p>{ps(A[1:])}</div>",
        text=lines(f"دبي (رويترز) - {A[0]}", A[1:]),
        dateline="دبي (رويترز)",
    ),
    case(
        "place-and-paper",
        f"<h1>{TITLE_A}</h1><div class='article-body'><p>بيروت – صوت النخل</p>{ps(A)}</div>",
        dateline="بيروت – صوت النخل",
    ),
    case(
        "today-in-the-header-only",
        f"<div class='top'><span>14 شباط 2024</span></div><h1>{TITLE_A}</h1><div class='article-body'>{ps(A)}</div><div class='w'><h3>الأحدث</h3>{cards('div', 'h4', '<span>13 شباط 2024</span>')}</div>",
        "<meta property='og:site_name' content='صوت النخل'><meta property='og:type' content='article'>",
        published_at=None,
    ),
    case(
        "only-related-articles-have-days",
        f"<h1>{TITLE_A}</h1><div class='article-body'>{ps(A)}</div><div class='more'>{cards('div', 'h4', '<time datetime=^2024-01-02T10:00:00Z^>2 كانون الثاني 2024</time>')}</div>",
        "<meta property='og:site_name' content='صوت النخل'><meta property='og:type' content='article'>",
        published_at=None,
        published_on=None,
    ),
    case(
        "weather-and-prayer-times",
        f"<div class='weather'><span>الخميس 15 شباط 2024</span><span>18°</span><span>الفجر 04:55</span></div><div class='wrap'><h1>{TITLE_A}</h1><p>الفئة: اقتصاد</p><div class='article-body'>{ps(A)}</div></div>",
        "<meta property='og:site_name' content='صوت النخل'><meta property='og:type' content='article'>",
        published_at=None,
        published_on=None,
    ),
    case(
        "title-between-bars",
        f"<h1>{TITLE_B}</h1><div class='article-body'>{ps(B)}</div>",
        _META + f"<meta property='og:title' content='صوت النخل | {TITLE_B} | ثقافة'>",
        TITLE_B,
        text=lines(B),
    ),
    case(
        "dash-inside-the-headline",
        f"<h1>رأس النخل - بيروت: خط بحري جديد</h1><div class='article-body'>{ps(A)}</div>",
        title="رأس النخل - بيروت: خط بحري جديد",
    ),
    case(
        "logo-in-the-first-heading",
        f"<h1 class='logo'><a href='/'>صوت النخل</a></h1><div class='post'><h2 class='entry-title'>{TITLE_A}</h2><div class='entry-content'>{ps(A)}</div></div>",
    ),
    case(
        "paywall-note",
        f"<h1>{TITLE_A}</h1><div class='article-body'>{ps(A[:3])}<div class='paywall'><p>هذا المحتوى للمشتركين فقط. اشترك الآن لمتابعة القراءة.</p></div></div>",
        text=lines(A[:3]),
    ),
    case(
        "next-article-below",
        f"<div class='scroll'><article><h1>{TITLE_A}</h1><div class='article-body'>{ps(A)}</div></article><article><h1>{TITLE_B}</h1><time datetime='2024-02-13T10:00:00Z'>13 شباط 2024</time><div class='article-body'>{ps(B)}</div></article></div>",
    ),
    case(
        "comments-longer-than-the-text",
        f"<h1>{TITLE_A}</h1><div class='article-body'>{ps(A)}</div><div id='comments-section'><h3>التعليقات</h3>{ps(B * 3, '<div class=^comment^><p>', '</p></div>')}</div>",
    ),
    case(
        "invisible-and-presentation-letters",
        f"<h1>{TITLE_A}</h1><div class='article-body'><p>\u200fﻣﺤﻤﺪ\u200f قال إن «الميناء\u200b» مفتوح\u00a0من اليوم، وإنه يستقبل ½ ما كان.</p>{ps(A[1:])}</div>",
        text=lines("محمد قال إن «الميناء» مفتوح من اليوم، وإنه يستقبل ½ ما كان.", A[1:]),
    ),
    case(
        "misread-by-its-site",
        f"<h1>{TITLE_A}</h1><div class='article-body'>{ps(A[:4])}<p>{A[4].encode().decode('latin-1')}</p></div>",
        problems=("mojibake",),
    ),
    case(
        "poll-and-newsletter-inside",
        f"<h1>{TITLE_A}</h1><div class='article-body'>{ps(A[:2])}<div class='box'><p>اشترك في النشرة الإخبارية</p><p>أدخل بريدك الإلكتروني</p></div>{ps(A[2:4])}<div class='box'><p>استطلاع</p></div>{ps(A[4:])}</div>",
    ),
    case(
        "json-ld-author-is-the-paper",
        f"<h1>{TITLE_A}</h1><div class='meta-line'>رأس النخل – مراد الصالح</div><div class='article-body'>{ps(A)}</div>",
        _META
        + ld(
            {
                "@type": "NewsArticle",
                "headline": f"{TITLE_A} - صوت النخل",
                "author": {"@type": "Person", "name": "صوت النخل"},
                "datePublished": "2024-02-14T09:20:00+02:00",
            }
        ),
        authors=("مراد الصالح",),
    ),
    case(
        "two-columns-of-text",
        f"<h1>{TITLE_A}</h1><div class='cols'><div class='col-1'>{ps(A[:3])}</div><div class='col-2'>{ps(A[3:])}</div></div>",
    ),
    case(
        "slides-of-one-story",
        f"<h1>{TITLE_A}</h1><div class='entry-content'>{ps(A[:2])}<div class='swiper-slide'><p>{A[2]}</p></div>{ps(A[3:])}</div>",
    ),
    case(
        "short-news",
        f"<h1>{TITLE_A}</h1><div class='article-body'><p>{A[0]}</p></div><div class='r'><h3>اقرأ أيضاً</h3>{cards('div', 'h4')}{cards('div', 'h4')}</div>",
        text=A[0],
    ),
    case(
        "long-lines-of-verse",
        f"<h1>{TITLE_B}</h1><div class='article-body'><p>{B[0]}</p><p>يا بحرُ خذ من موجك الذكرى<br>واترك على الشطآن أغنيتي</p>{ps(B[1:])}</div>",
        title=TITLE_B,
        text=lines(B[0], "يا بحرُ خذ من موجك الذكرى", "واترك على الشطآن أغنيتي", B[1:]),
    ),
    case(
        "opinion-lead-bold",
        f"<h1>{TITLE_A}</h1><div class='article-body'><p><strong>{A[0]}</strong></p>{ps(A[1:])}</div>",
    ),
    case(
        "bullets-first",
        f"<h1>{TITLE_A}</h1><div class='highlights'><ul><li>الرصيف يستقبل ست سفن يومياً</li><li>الهيئة لن ترفع الرسوم هذا العام</li></ul></div><div class='article-body'>{ps(A)}</div>",
    ),
    case(
        "date-after-text",
        f"<h1>{TITLE_A}</h1><div class='article-body'>{ps(A)}</div><div class='d'>نشر في 14 شباط 2024</div>",
        "<meta property='og:type' content='article'>",
        published_at=None,
    ),
    case(
        "time-tag-in-header",
        f"<div class='bar'><time datetime='2024-02-15T10:00:00+02:00'>الخميس 15 شباط 2024</time></div><main><h1>{TITLE_A}</h1><div class='article-body'>{ps(A)}</div></main>",
        "<meta property='og:type' content='article'>",
        published_at=None,
        published_on=None,
    ),
    case(
        "two-times",
        f"<main><h1>{TITLE_A}</h1><time class='pub' datetime='2024-02-14T09:20:00+02:00'>14 شباط</time><time class='upd updated' datetime='2024-02-14T12:20:00+02:00'>تحديث 14 شباط</time><div class='article-body'>{ps(A)}</div></main>",
        "<meta property='og:type' content='article'>",
        modified_at="2024-02-14T10:20:00+00:00",
    ),
    case(
        "upd-first",
        f"<main><h1>{TITLE_A}</h1><p>آخر تحديث: 14 شباط 2024 - 12:20</p><p>تاريخ النشر: 14 شباط 2024 - 09:20</p><div class='article-body'>{ps(A)}</div></main>",
        "<meta property='og:type' content='article'>",
        modified_at="2024-02-14T10:20:00+00:00",
    ),
    case(
        "only-updated",
        f"<main><h1>{TITLE_A}</h1><p>آخر تحديث: 14 شباط 2024 - 12:20</p><div class='article-body'>{ps(A)}</div></main>",
        "<meta property='og:type' content='article'>",
        published_at=None,
        modified_at="2024-02-14T10:20:00+00:00",
    ),
    case(
        "event-date-in-deck",
        f"<main><h1>{TITLE_A}</h1><p class='deck'>ذكرى عاصفة الساحل في 4 آب 2020 وما تلاها</p><div class='article-body'>{ps(A)}</div></main>",
        "<meta property='og:type' content='article'>",
        published_at=None,
        published_on=None,
    ),
    case(
        "event-date-bare-line",
        f"<main><h1>{TITLE_A}</h1><div class='article-body'>{ps(A[:2])}<p>4 آب 2020</p>{ps(A[2:])}</div></main>",
        "<meta property='og:type' content='article'>",
        published_at=None,
        published_on=None,
        text=lines(A[:2], "4 آب 2020", A[2:]),
    ),
    case(
        "video-caption-in-body",
        f"<h1>{TITLE_A}</h1><div class='article-body'>{ps(A[:2])}<div class='video'><iframe></iframe><p>شاهد: لحظة وصول أول سفينة</p></div>{ps(A[2:])}</div>",
    ),
    case(
        "telegram-widget",
        f"<h1>{TITLE_A}</h1><div class='article-body'>{ps(A[:2])}<script async src='x'></script><blockquote class='instagram-media'><a href='#'>View this post on Instagram</a><p>A post shared by X (@x)</p></blockquote>{ps(A[2:])}</div>",
    ),
    case(
        "related-box-mid-no-class",
        f"<h1>{TITLE_A}</h1><div class='article-body'>{ps(A[:2])}<div><h3>اقرأ أيضاً</h3><div><a href='/1'><img src='x'><span>{OTHERS[0]}</span></a></div><div><a href='/2'><span>{OTHERS[1]}</span></a></div></div>{ps(A[2:])}</div>",
    ),
    case(
        "footnotes",
        f"<h1>{TITLE_A}</h1><div class='article-body'>{ps(A)}<hr><p>[1] تقرير هيئة الموانئ السنوي، 2023.</p></div>",
        text=lines(A, "[1] تقرير هيئة الموانئ السنوي، 2023."),
    ),
    case(
        "correction",
        f"<h1>{TITLE_A}</h1><div class='article-body'>{ps(A)}<p><em>تصحيح: ورد في نسخة سابقة أن الرصيف يستقبل خمس سفن.</em></p></div>",
        text=lines(A, "تصحيح: ورد في نسخة سابقة أن الرصيف يستقبل خمس سفن."),
    ),
    case(
        "inline-ad-labels",
        f"<h1>{TITLE_A}</h1><div class='article-body'>{ps(A[:1])}<p>إعلان</p>{ps(A[1:2])}<div>- إعلانات -</div>{ps(A[2:3])}<div>ADVERTISEMENT</div>{ps(A[3:])}</div>",
    ),
    case(
        "nbsp-paragraphs",
        f"<h1>{TITLE_A}</h1><div class='article-body'>{'<p>&nbsp;</p>'.join('<p>' + x + '</p>' for x in A)}<p>&zwnj;</p></div>",
    ),
    case(
        "noscript-copy",
        f"<h1>{TITLE_A}</h1><div class='article-body'>{ps(A)}<noscript><p>{A[0]}</p></noscript></div>",
    ),
    case(
        "template-tag",
        f"<h1>{TITLE_A}</h1><div class='article-body'>{ps(A)}<template><p>نص خفي لا يراه أحد من القراء في هذه الصفحة.</p></template></div>",
    ),
    case(
        "article-in-form",
        f"<form action='/' id='form1'><div class='content'><h1>{TITLE_A}</h1><div id='ctl00_body'>{'<br />'.join(A)}</div></div></form>",
    ),
    case(
        "uppercase-old",
        f"<CENTER><TABLE><TR><TD><H1>{TITLE_A}</H1><DIV ALIGN=right>{''.join('<P ALIGN=justify>' + x for x in A)}</DIV></TD></TR></TABLE></CENTER>",
    ),
    case("unclosed", f"<h1>{TITLE_A}<div class=article-body><p>{'<p>'.join(A)}", title=TITLE_A),
    case(
        "ogtitle-shorter",
        f"<h1>{TITLE_A}</h1><div class='article-body'>{ps(A)}</div>",
        _META + "<meta property='og:title' content='رأس النخل تعيد فتح رصيفها...'>",
    ),
    case(
        "quoted-entities",
        f"<h1>&quot;النخل&quot; تفتح &amp; تغلق</h1><div class='article-body'>{ps(A)}</div>",
        text=lines(A),
        title='"النخل" تفتح & تغلق',
    ),
    case(
        "section-in-the-title",
        f"<ol class='breadcrumb'><li><a href='/'>الرئيسية</a></li><li><a href='/e'>اقتصاد</a></li></ol><h1>{TITLE_A}</h1><div class='article-body'>{ps(A)}</div>",
        _META + f"<meta property='og:title' content='{TITLE_A} - اقتصاد'>",
        section="اقتصاد",
    ),
    case(
        "a-person-in-the-caption",
        f"<h1>{TITLE_A}</h1><img src='/a.jpg'><div class='img-cap'>مازن الحداد</div><div class='who'>بقلم ليلى منصور</div><div class='article-body'>{ps(A)}</div>",
        authors=("ليلى منصور",),
    ),
)
