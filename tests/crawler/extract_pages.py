"""Small fictional pages in the markup of many systems, each with what it says."""

# ruff: noqa: E501 - paragraphs and markup are harder to read cut up than long

from dataclasses import dataclass, field

TITLE = "بلدية المرجان تفتتح سوقاً جديداً للصيادين"
PARAGRAPHS = (
    "افتتحت بلدية المرجان صباح الثلاثاء سوقاً جديداً للصيادين على الرصيف الشرقي، بعد عامين من الأعمال.",
    "وقال رئيس البلدية هاني العطار إن السوق يضم ثمانين محلاً، وإن الإيجار لن يزيد على مئتي درهم في الشهر.",
    "«انتظرنا هذا اليوم طويلاً»، يقول الصياد سعدون البحري، الذي يبيع السمك هنا منذ ثلاثين سنة.",
    "وتخطط البلدية لفتح خط حافلات يصل السوق بوسط المدينة قبل نهاية الصيف المقبل.",
)
TEXT = "\n".join(PARAGRAPHS)
P1, P2, P3, P4 = PARAGRAPHS
MENU = (
    "<header><a href='/'>جريدة الساحل</a><span>الجمعة 29 كانون الأول 2023</span></header>"
    "<nav><ul><li><a href='/p'>سياسة</a></li><li><a href='/e'>اقتصاد</a></li></ul></nav>"
)
TEASERS = "".join(
    f"<li><a href='/news/{n}'>خبر آخر رقم {n} من أخبار المدينة التي لا علاقة لها بالسوق</a></li>"
    for n in range(6)
)
FOOT = (
    "<footer><p>جميع الحقوق محفوظة لجريدة الساحل 2023، ويمنع نسخ أي مادة دون إذن خطي من إدارة "
    "الجريدة أو الاقتباس منها بأي شكل من الأشكال.</p></footer>"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A page, where it stands, and the fields it must give."""

    name: str
    html: str | bytes
    url: str = "https://sahel.example/news/2023/soq"
    paper: str = "صوت النخل"
    expected: dict[str, object] = field(default_factory=dict)

    @property
    def body(self) -> bytes:
        """Return the page as it comes over the wire."""
        return self.html if isinstance(self.html, bytes) else self.html.encode()


def page(body: str, head: str = "") -> str:
    title = f"<title>{TITLE} - جريدة الساحل</title><meta property='og:site_name' content='جريدة الساحل'>"
    return f"<!DOCTYPE html><html><head>{title}{head}</head><body>{MENU}{body}{FOOT}</body></html>"


def ps(*paragraphs: str) -> str:
    return "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)


CASES = (
    Case(
        name="wordpress-tagdiv",
        html=page(
            f"<article class='post tag-fishing category-local'><div class='td-post-header'>"
            f"<h1 class='entry-title'>{TITLE}</h1><div class='td-module-meta-info'>"
            "<div class='td-post-author-name'>بواسطة <a href='/author/x'>ليلى منصور</a> - </div>"
            "<span class='td-post-date'><time datetime='2023-12-26T10:15:00+02:00'>26 ديسمبر 2023"
            "</time></span></div></div><div class='td-post-content'>"
            f"<figure class='wp-caption'><img src='a.jpg'><figcaption>السوق الجديد في يومه الأول (الساحل)"
            f"</figcaption></figure>{ps(P1, P2)}"
            "<p><strong>اقرأ أيضاً: <a href='/n/1'>ارتفاع أسعار السمك في المرجان</a></strong></p>"
            f"{ps(P3, P4)}</div><div class='sharedaddy'>شارك هذا الموضوع:</div>"
            f"<div class='td_block_related_posts'><ul>{TEASERS}</ul></div></article>"
        ),
        expected={
            "authors": ("ليلى منصور",),
            "published_on": "2023-12-26",
            "byline_from": "byline",
        },
    ),
    Case(
        name="wordpress-jannah",
        html=page(
            f"<article id='the-post'><h1 class='post-title entry-title'>{TITLE}</h1>"
            "<div class='post-meta'><span class='author-meta'>"
            "<a class='author-name' href='/author/admin'>admin</a></span>"
            "<span class='date meta-item'>26 ديسمبر، 2023</span></div>"
            f"<div class='entry-content entry clearfix'>{ps(P1)}<div class='stream-item'>إعلان</div>"
            f"{ps(P2)}<div id='inline-related-post'><h4>مقالات ذات صلة</h4><ul>{TEASERS}</ul></div>"
            f"{ps(P3, P4)}<div class='post-bottom-meta'>الوسوم <a rel='tag' href='/t/1'>صيد</a>"
            "<a rel='tag' href='/t/2'>#أسواق_شعبية</a></div></div>"
            "<div class='about-author'><p>محررة في قسم الأخبار المحلية تكتب عن المدن الساحلية</p></div>"
            "</article>"
        ),
        expected={"authors": (), "published_on": "2023-12-26", "tags": ("صيد", "أسواق شعبية")},
    ),
    Case(
        name="drupal-9",
        html=page(
            "<ol class='breadcrumb'><li><a href='/'>الرئيسية</a></li><li><a href='/l'>محليات</a></li>"
            f"</ol><div class='node node--type-article'><h1><span class='field field--name-title'>{TITLE}"
            "</span></h1><div class='field field--name-field-summary'>السوق يضم ثمانين محلاً بإيجار "
            "رمزي</div><div class='submitted'>الثلاثاء، 26 كانون الأول/ديسمبر 2023 - 10:15</div>"
            f"<div class='field field--name-body'>{ps('المرجان - خاص', P1, P2, P3, P4)}"
            "<p>كتب: سليم الرفاعي</p></div></div>"
        ),
        expected={
            "authors": ("سليم الرفاعي",),
            "byline_from": "text",
            "published_on": "2023-12-26",
            "section": "محليات",
            "deck": "السوق يضم ثمانين محلاً بإيجار رمزي",
            "dateline": "المرجان - خاص",
        },
    ),
    Case(
        name="aspnet-tables",
        html=page(
            "<form id='aspnetForm' method='post'><input type='hidden' value='x'><table><tr><td>"
            f"<span id='lblTitle'>{TITLE}</span></td></tr><tr><td><span id='lblDate'>٢٦/١٢/٢٠٢٣</span>"
            f"</td></tr><tr><td><font size=3>{'<br><br>'.join(PARAGRAPHS)}<br><br></font></td></tr>"
            f"<tr><td><ul>{TEASERS}</ul></td></tr></table></form>"
        ),
        expected={"published_on": "2023-12-26"},
    ),
    Case(
        name="blogger-divs",
        html=page(
            f"<h3 class='post-title entry-title'>{TITLE}</h3><div class='post-body entry-content'>"
            + "".join(f"<div dir='rtl'>{one}</div><div><br></div>" for one in PARAGRAPHS)
            + "</div><div class='post-footer'>نشر بواسطة <span itemprop='name'>مها</span></div>"
        ),
    ),
    Case(
        name="hashed-classes",
        html=page(
            f"<main role='main'><div class='bbc-x1'><h1 id='content'>{TITLE}</h1></div>"
            "<div class='bbc-x2'><figure><img alt=''><figcaption>التعليق على الصورة، رصيف الصيادين"
            "</figcaption></figure></div>"
            + "".join(
                f"<div dir='rtl' class='bbc-19j92fr'><p class='bbc-1y32'>{o}</p></div>"
                for o in (P1, P2)
            )
            + f"<section aria-label='مواضيع قد تهمك'><ul>{TEASERS}</ul></section>"
            + "".join(
                f"<div dir='rtl' class='bbc-19j92fr'><p class='bbc-1y32'>{o}</p></div>"
                for o in (P3, P4)
            )
            + f"<section><h2>اقرأ أيضاً</h2><ul>{TEASERS}</ul></section></main>",
            "<meta property='og:type' content='article'>",
        ),
    ),
    Case(
        name="wysiwyg-inserts",
        html=page(
            f"<article><header class='article-header'><h1>{TITLE}</h1><p class='article__subhead'><em>"
            "ثمانون محلاً وخط حافلات جديد في سوق انتظره الصيادون عامين</em></p></header>"
            f"<div class='wysiwyg wysiwyg--all-content'>{ps(P1, P2)}"
            "<div class='more-on'><h2>مواضيع متعلقة</h2><span>قائمة من 2 عناصر</span><ul>"
            f"{TEASERS}</ul></div><h2>انتظار طويل</h2>{ps(P3, P4)}</div>"
            "<div class='article-source'>المصدر: الساحل + وكالات</div></article>"
        ),
        expected={
            "text": f"{P1}\n{P2}\nانتظار طويل\n{P3}\n{P4}",
            "deck": "ثمانون محلاً وخط حافلات جديد في سوق انتظره الصيادون عامين",
        },
    ),
    Case(
        name="follow-us-and-policy",
        html=page(
            f"<h1>{TITLE}</h1><div class='article-body'>{ps(*PARAGRAPHS)}"
            "<p>تابعوا آخر أخبار الساحل عبر <a href='https://news.google.com'>غوغل نيوز</a></p>"
            "<p>المصدر: وكالات</p><p>الآراء الواردة في هذا المقال لا تعبر بالضرورة عن رأي الجريدة</p>"
            "<p>الكلمات المفتاحية: صيد، أسواق</p></div>"
        ),
    ),
    Case(
        name="repeated-headline-and-dateline",
        html=page(
            f"<div id='main'><h1>{TITLE}</h1><div class='news-text'><p>{TITLE}</p>"
            f"<p>26 ديسمبر 2023</p>{ps(*PARAGRAPHS)}<p>م.ع / س.ن</p></div></div>"
        ),
        expected={"published_on": "2023-12-26"},
    ),
    Case(
        name="json-ld-graph",
        html=page(
            f"<h1>{TITLE}</h1><div class='entry-content'>{ps(*PARAGRAPHS)}</div>",
            """<script type="application/ld+json">{"@context":"https://schema.org","@graph":[
            {"@type":"Article","@id":"https://sahel.example/#a","headline":"TITLE",
             "author":{"@id":"https://sahel.example/#p"},"articleSection":["محليات"],
             "keywords":["صيد","أسواق"],"datePublished":"2023-12-26T08:15:00+00:00",
             "dateModified":"2023-12-26T09:15:00+00:00","image":{"@id":"#img"}},
            {"@type":"ImageObject","@id":"#img","url":"https://sahel.example/soq.jpg"},
            {"@type":["Person"],"@id":"https://sahel.example/#p","name":"ليلى منصور"},
            {"@type":"Organization","name":"جريدة الساحل"}]}</script>""".replace("TITLE", TITLE),
        ),
        expected={
            "authors": ("ليلى منصور",),
            "byline_from": "json-ld",
            "published_at": "2023-12-26T08:15:00+00:00",
            "modified_at": "2023-12-26T09:15:00+00:00",
            "published_from": "json-ld",
            "section": "محليات",
            "tags": ("صيد", "أسواق"),
            "image_url": "https://sahel.example/soq.jpg",
        },
    ),
    Case(
        name="broken-json-ld",
        html=page(
            f"<h1>{TITLE}</h1><div class='entry-content'>{ps(*PARAGRAPHS)}</div>",
            '<script type=\'application/ld+json\'>{"@type":"NewsArticle","headline":</script>'
            "<meta property='article:published_time' content='2023-12-26T10:15:00+02:00'>"
            "<meta property='article:author' content='https://www.facebook.com/laila'>"
            "<meta name='author' content='محرر الموقع'>",
        ),
        expected={"authors": (), "published_from": "meta", "problems": ("json-ld-broken",)},
    ),
    Case(
        name="hidden-and-modal",
        html=page(
            f"<div class='modal'>{ps('نستخدم ملفات تعريف الارتباط لتحسين تجربتك في موقعنا، اقرأ سياسة الخصوصية.')}"
            f"</div><h1>{TITLE}</h1><div class='story'>{ps(P1)}"
            f"<p style='display: none'>هذه فقرة مخفية عن القراء وضعت لمحركات البحث ولا تظهر لأحد.</p>"
            f"{ps(P2, P3, P4)}</div><div class='comments'>{ps('تعليق طويل من قارئ يقول إن السوق القديم كان أجمل بكثير من هذا السوق الجديد.')}</div>"
        ),
    ),
    Case(
        name="quotes-lists-headings",
        html=page(
            f"<h1>{TITLE}</h1><div class='post-content'>{ps(P1)}<h3>أبرز المرافق</h3>"
            "<ul><li>ثمانون محلاً لبيع السمك</li><li>مخزن مبرد</li></ul>"
            f"<blockquote><p>{P3}</p></blockquote>{ps(P2, P4)}</div>"
        ),
        expected={
            "text": f"{P1}\nأبرز المرافق\nثمانون محلاً لبيع السمك\nمخزن مبرد\n{P3}\n{P2}\n{P4}",
        },
    ),
    Case(
        name="elementor",
        html=page(
            f"<div class='elementor-widget elementor-widget-theme-post-title'><h1>{TITLE}</h1></div>"
            + "".join(
                "<div class='elementor-element elementor-widget elementor-widget-text-editor'>"
                f"<div class='elementor-widget-container'><p>{one}</p></div></div>"
                for one in PARAGRAPHS
            )
            + f"<div class='elementor-widget elementor-widget-posts'>{TEASERS}</div>"
        ),
    ),
    Case(
        name="script-shell",
        html=page(
            f"<h1>{TITLE}</h1><div id='root'></div>",
            """<script type="application/ld+json">{"@type":"NewsArticle","headline":"TITLE",
            "articleBody":"BODY","author":{"@type":"Organization","name":"موقع ما"}}</script>""".replace(
                "TITLE", TITLE
            ).replace("BODY", TEXT.replace("\n", "\\n")),
        ),
        expected={"authors": ()},
    ),
    Case(
        name="machine-readable-time",
        html=page(
            f"<h2 class='post-title'>{TITLE}</h2><div class='byline'>نشر: <abbr class='published' "
            "title='2023-12-26T10:15:00+02:00'>الثلاثاء</abbr></div>"
            f"<div class='post-body'>{ps(*PARAGRAPHS)}</div>",
            "<meta name='author' content='WebDev Studio'>",
        ),
        expected={
            "published_at": "2023-12-26T08:15:00+00:00",
            "published_from": "time",
            "authors": (),
        },
    ),
    Case(
        name="date-and-writer-in-one-line",
        html=page(
            f"<h1>{TITLE}</h1><div class='info'>المرجان - 26 ديسمبر 2023 | 10:15 ص</div>"
            f"<div class='news_content'>{ps(*PARAGRAPHS)}<blockquote class='twitter-tweet'>"
            "— بلدية المرجان (@marjan) <a href='https://t.example/1'>December 26, 2023</a>"
            "</blockquote></div>"
        ),
        expected={"published_on": "2023-12-26"},
    ),
    Case(
        name="todays-date-above-the-headline",
        html=page(
            "<div><div class='today'>الجمعة 29 كانون الأول 2023</div><div class='paper'>اليوم</div>"
            f"<h1>{TITLE}</h1></div><div class='article-text'>{ps(*PARAGRAPHS)}</div>"
        ),
        expected={"published_on": None},
    ),
    Case(
        name="single-breaks",
        html=page(f"<h1>{TITLE}</h1><div class='newsDetails'>{'<br>'.join(PARAGRAPHS)}</div>"),
    ),
)
