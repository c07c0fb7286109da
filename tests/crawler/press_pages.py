"""Fictional pages in the manner of home-grown systems, broadcasters and agencies, with their truth."""

# ruff: noqa: E501 - markup is harder to read cut up than long

from tests.crawler.extract_pages import Case
from tests.crawler.system_pages import (
    DECK_A,
    DECK_B,
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

_YOUM = Case(
    name="laravel-egyptian-daily",
    url="https://nakhl.example/story/2024/2/14/رأس-النخل-تعيد-فتح-رصيفها/6471234",
    paper="صباح الميناء",
    html=document(
        f"<title>{TITLE_A} - صباح الميناء</title><meta property='og:title' content='{TITLE_A} - صباح الميناء'><meta property='og:type' content='article'><meta name='description' content='{A[0]}'><meta property='article:published_time' content='2/14/2024 9:20:00 AM'>",
        "<body><div class='topBar'><div class='date'>الخميس، 15 فبراير 2024 10:00 ص</div></div><div class='container'><div class='articleHeader'><div class='breadcumb'><a href='/'>الرئيسية</a> <a href='/Section/1'>اقتصاد وبورصة</a></div>"
        f"<h1>{TITLE_A}</h1><span class='newsStoryDate'>الأربعاء، 14 فبراير 2024 09:20 ص</span><div class='img-cont'><img src='https://img.nakhl.example/large/1.jpg' alt='رصيف'><span class='img-cap'>الرصيف - أرشيفية</span></div><span class='writeBy'>كتب محمود عبد السلام - تصوير أحمد رمزي</span></div>"
        f"<div class='articleCont' id='articleBody'>{ps(A[:2])}<p style='text-align:center'><img src='/x.jpg'></p><div style='text-align:center'>لقطة من الافتتاح</div>{ps(A[2:])}<p><br></p><div><strong>موضوعات متعلقة..</strong></div><p><strong><a href='/story/1'>{OTHERS[0]}</a></strong></p><p><strong><a href='/story/2'>{OTHERS[1]}</a></strong></p></div>"
        "<div class='shareit'><h3>مشاركة</h3><a class='fb'>فيس بوك</a></div><div class='tags'><h3>الموضوعات المتعلقة</h3><a href='/Tags/1'>ميناء رأس النخل</a><a href='/Tags/2'>أسعار الشحن</a></div>"
        f"<div class='relatedDiv'><h2>موضوعات متعلقة</h2>{cards('div class=^col-xs-12 bigOneSec^', 'h3', '<span class=^newsDate2^>الثلاثاء، 13 فبراير 2024 02:10 م</span>')}</div></div></body>",
    ),
    expected={
        "title": TITLE_A,
        "text": lines(A),
        "authors": ("محمود عبد السلام",),
        "published_at": "2024-02-14T07:20:00+00:00",
        "kind": "article",
    },
)

_MASRAWY = Case(
    name="aspnet-mvc-portal",
    url="https://nakhl.example/news/news_economy/details/2024/2/14/2541234/raseef",
    paper="النخيل",
    html=document(
        f"<title>\n    {TITLE_A} | النخيل\n</title><meta property='article:published_time' content='2024-02-14T09:20:00'><meta property='og:type' content='website'>",
        "<body><header><div class='logo'>النخيل</div></header><div class='articlePage'><article class='ArticleDetails'><div class='articleHeader'><div class='brdcrmb'><a href='/'>الرئيسية</a><a href='/news'>أخبار</a></div>"
        f"<h1>{TITLE_A}</h1><div class='FollowBtn'><span>تابعنا على</span><a href='#'>Google News</a></div><div class='mnlPrgrph'></div><div class='d-flex'><span class='time icon-time'>09:20 ص</span><span>الأربعاء 14 فبراير 2024</span></div></div>"
        f"<div class='imgCont'><img src='/Images/2024/2/14/a.jpg'><p class='imgTtl'>ميناء رأس النخل</p></div><div class='details'><div class='ArticleDetails details'><p><strong>كتب - فادي إبراهيم:</strong></p>{ps(A[:3], '<p dir=^RTL^>')}<div class='adIns'>إعلان</div><p><strong>اقرأ أيضًا:</strong></p><p><strong><a href='/n/1'>{OTHERS[2]}</a></strong></p>{ps(A[3:], '<p dir=^RTL^>')}</div></div>"
        f"<div class='hashTags'><a href='/t'>ميناء رأس النخل</a> <a href='/t'>هيئة الموانئ</a></div><div class='srvy'><h3>هل تتوقع انخفاض أسعار الشحن؟</h3><label>نعم</label><label>لا</label></div></article><aside><h2>الأكثر قراءة</h2><ul>{cards('li', 'h3')}</ul></aside></div></body>",
    ),
    expected={
        "title": TITLE_A,
        "text": lines(A),
        "authors": ("فادي إبراهيم",),
        "published_at": "2024-02-14T07:20:00+00:00",
    },
)

_ELWATAN = Case(
    name="php-egyptian-weekly",
    url="https://nakhl.example/news/details/7133501",
    paper="الرصيف",
    html=document(
        f"<title>{TITLE_B} - ثقافة - الرصيف</title><meta property='og:site_name' content='الرصيف'><meta name='Keywords' content='الرصيف, أخبار, مصر, عاجل, آخر الأخبار, صحيفة, ثقافة, رياضة, فن, حوادث, منوعات, اقتصاد, سيارات, طقس, برلمان, جامعات'>",
        "<body><div class='container'><div class='main_article_title_container'><ul class='breadcrumb'><li><a href='/'>الرئيسية</a></li><li><a href='/category/culture'>ثقافة</a></li></ul>"
        f"<h1 class='article_title'>{TITLE_B}</h1><div class='article_info'><div class='clock'>08:05 م | <a href='/d'>الثلاثاء 13 فبراير 2024</a></div></div><div class='author_article'>كتب: <a href='/editor/1'>سحر عزت</a> <a href='/editor/2'>ماهر حنفي</a></div></div>"
        f"<figure class='article_img'><img src='/a.jpg'><figcaption>الفسيفساء المكتشفة</figcaption></figure><div class='article_body'>{ps(B[:2])}<h2>قصة محراث أبو كرم</h2>{ps(B[2:])}</div><div class='article_tags'><h4>الكلمات الدالة:</h4><a href='/tags/1'>فسيفساء</a><a href='/tags/2'>آثار</a></div><div class='fb-comments'></div><h3>أخبار قد تعجبك</h3>{cards('div class=^box^', 'h4')}</div></body>",
    ),
    expected={
        "title": TITLE_B,
        "text": lines(B[:2], "قصة محراث أبو كرم", B[2:]),
        "authors": ("سحر عزت", "ماهر حنفي"),
        "published_at": "2024-02-13T18:05:00+00:00",
        "tags": ("فسيفساء", "آثار"),
    },
)

_JAZEERA = Case(
    name="broadcaster-wysiwyg",
    url="https://nakhl.example/economy/2024/2/14/raseef-alnakhl",
    paper="قناة الرصيف",
    html=document(
        f"<title>{TITLE_A} | اقتصاد | قناة الرصيف</title><meta property='og:type' content='article'><meta name='publishedDate' content='2024-02-14T07:20:00'><meta name='lastDate' content='2024-02-14T08:00:00'><meta name='pageType' content='Article'>"
        + ld(
            {
                "@context": "https://schema.org",
                "@type": "NewsArticle",
                "mainEntityOfPage": "https://nakhl.example/economy/2024/2/14/raseef-alnakhl",
                "headline": TITLE_A,
                "datePublished": "2024-02-14T07:20:00Z",
                "dateModified": "2024-02-14T08:00:00Z",
                "author": {
                    "@type": "Person",
                    "name": "قناة الرصيف",
                    "sameAs": "https://nakhl.example",
                },
                "publisher": {"@type": "Organization", "name": "قناة الرصيف"},
            }
        ),
        "<body class='no-touch l-single l-theme-news'><div id='root'><div class='container__inner'><a href='#main-content-area' class='bypass-block__link'>تجاوز إلى المحتوى الرئيسي</a><div class='screen-reader-text'>قائمة الصفحة</div>"
        f"<main id='main-content-area'><div class='topics u-inline'><a href='/economy'>اقتصاد</a></div><header class='article-header'><h1>{TITLE_A}</h1><p class='article__subhead css-1wt8oh6'><em>{DECK_A}</em></p></header><figure class='article-featured-image'><div class='responsive-image'><img src='/wp-content/uploads/a.jpg'></div><figcaption>سفينة ترسو في الرصيف الجنوبي (رويترز)</figcaption></figure>"
        "<div class='article-info-block css-ti04u9'><div class='article-b-l'><div class='article-author-name'><span class='article-author-name-item'><a class='author-link' href='/author/1'>نزار الحاج</a></span></div><div class='article-dates'><div class='date-simple css-yj54uo'><span class='screen-reader-text'>Published On 14 Feb 2024</span><span aria-hidden='true'>14/2/2024</span></div><span class='article-dates__divider'>|</span><div class='article-dates__upd'><span class='screen-reader-text'>آخر تحديث: 14/2/2024</span><span aria-hidden='true'>آخر تحديث: 14/2/2024 11:00 (توقيت مكة)</span></div></div></div><div class='l-shared-icons'><button><span class='screen-reader-text'>شارِكْ</span></button></div></div>"
        f"<div class='wysiwyg wysiwyg--all-content css-ibbk12' aria-live='polite' aria-atomic='true'>{ps(A[:2])}<div class='container--ads'><span>إعلان</span></div><div class='more-on'><h2 class='more-on__heading'>اقرأ أيضا</h2><span class='screen-reader-text'>list of 2 items</span><ul class='more-on__list'><li class='list-item'><a href='/n/1'><span>{OTHERS[0]}</span></a></li><li><a href='/n/2'><span>{OTHERS[1]}</span></a></li></ul><span class='screen-reader-text'>end of list</span></div><h2 id='h'>خسائر العاصفة</h2>{ps(A[2:])}</div>"
        "<div class='article-source'><span class='article-source__label'>المصدر</span>: <span>الرصيف + وكالات</span></div></main>"
        f"<aside class='sidebar'><h2>الأكثر قراءة</h2>{cards('li class=^trending-articles__list^', 'span')}</aside></div></div></body>",
    ),
    expected={
        "title": TITLE_A,
        "text": lines(A[:2], "خسائر العاصفة", A[2:]),
        "deck": DECK_A,
        "authors": ("نزار الحاج",),
        "published_at": "2024-02-14T07:20:00+00:00",
        "modified_at": "2024-02-14T08:00:00+00:00",
    },
)

_BBC = Case(
    name="data-component-blocks",
    url="https://nakhl.example/arabic/articles/c51v0d6jz1mo",
    paper="إذاعة الساحل عربي",
    html=document(
        f"<title>{TITLE_B} - إذاعة الساحل عربي</title><meta property='og:site_name' content='إذاعة الساحل عربي'><meta property='og:type' content='article'><meta name='article:author' content='https://www.facebook.com/sahelradio'><meta name='article:published_time' content='2024-02-13T18:05:11.000Z'>"
        + ld(
            {
                "@context": "http://schema.org",
                "@graph": [
                    {
                        "@type": "ReportageNewsArticle",
                        "headline": TITLE_B,
                        "datePublished": "2024-02-13T18:05:11.000Z",
                        "dateModified": "2024-02-13T18:05:11.000Z",
                        "author": {"@type": "NewsMediaOrganization", "name": "إذاعة الساحل عربي"},
                        "publisher": {
                            "@type": "NewsMediaOrganization",
                            "name": "إذاعة الساحل عربي",
                        },
                    }
                ],
            }
        ),
        f"<body><div id='root'><header role='banner'><a href='#content'>إذهب الى المحتوى</a></header><div class='ebes9mo0 bbc-1'><main role='main' class='e1j2237y5 bbc-fa0wmp'><div class='bbc-1151pbn'><h1 id='content' tabindex='-1' class='article-heading e1p3vdyi0'>{TITLE_B}</h1></div><figure class='bbc-1qn0xuy'><div class='bbc-j1srjl'><div data-e2e='image-placeholder'><img src='/i.jpg'></div><p class='bbc-18b8uxe'><span class='visually-hidden'>صدر الصورة، </span>Coast Antiquities</p></div><figcaption class='bbc-3edg7g' data-testid='caption-paragraph'><span class='visually-hidden'>التعليق على الصورة، </span><p>رمم الخبراء اللقية في مكانها</p></figcaption></figure>"
        "<section role='region' aria-labelledby='article-byline' class='bbc-byline'><ul role='list' class='bbc-14gqcmb'><li><span class='bbc-1orh'><span class='visually-hidden'>Author, </span>علا جبران</span></li><li><span class='visually-hidden'>Role, </span><span>مراسلة الشؤون الثقافية</span></li></ul></section><div class='bbc-1151pbn'><time class='bbc-js' datetime='2024-02-13'>13 فبراير/ شباط 2024</time></div>"
        + "".join(
            f"<div dir='rtl' class='bbc-19j92fr ebmt73l0'><p dir='rtl' class='bbc-1gjryo4 e17g058b0'>{'<b>' + one + '</b>' if n == 0 else one}</p></div>"
            for n, one in enumerate(B[:3])
        )
        + f"<div class='bbc-1151pbn'><h2 id='x' tabindex='-1' class='bbc-1aaitma'>كيف بدأت الحكاية؟</h2></div><div data-testid='recommendations-heading'><section role='region' aria-labelledby='recommendations-heading' class='bbc-1fu'><p class='bbc-lq'><a href='#end'>تخطى مواضيع قد تهمك وواصل القراءة</a></p><div><strong id='recommendations-heading'>مواضيع قد تهمك</strong><ul>{cards('li class=^e1qdrf^', 'div')}</ul></div><p id='end' tabindex='-1'>مواضيع قد تهمك نهاية</p></section></div>"
        + "".join(
            f"<div dir='rtl' class='bbc-19j92fr ebmt73l0'><p dir='rtl' class='bbc-1gjryo4 e17g058b0'>{one}</p></div>"
            for one in B[3:]
        )
        + f"<section class='bbc-topics' aria-labelledby='related-topics'><h2 id='related-topics'><span>مواضيع ذات صلة</span></h2><ul><li><a href='/t/1'>آثار</a></li></ul></section></main><section data-e2e='related-content-heading' aria-labelledby='related'><h2>اخترنا لكم</h2><ul>{cards('li', 'h3', '<time datetime=^2024-02-10^>10 فبراير/ شباط 2024</time>')}</ul></section></div></div></body>",
    ),
    expected={
        "title": TITLE_B,
        "text": lines(B[:3], "كيف بدأت الحكاية؟", B[3:]),
        "authors": ("علا جبران",),
        "published_at": "2024-02-13T18:05:11+00:00",
    },
)

_FRANCE = Case(
    name="international-channel",
    url="https://nakhl.example/ar/الشرق-الأوسط/20240214-رأس-النخل-تعيد-فتح-رصيفها",
    paper="قناة المرسى",
    html=document(
        f"<title>{TITLE_A} - قناة المرسى</title><meta property='og:site_name' content='قناة المرسى / ALMARSA'><meta property='og:type' content='article'>",
        f"<body class='m-l-body'><div class='o-layout-list t-content t-content--article'><article class='t-content'><ol class='m-breadcrumb'><li><a href='/ar/'>الصفحة الرئيسية</a></li><li><a href='/ar/me/'>الشرق الأوسط</a></li></ol><span class='a-tag t-content__tag'>اقتصاد</span><h1 class='t-content__title a-page-title'>{TITLE_A}</h1><p class='t-content__chapo'>{DECK_A}</p>"
        "<p class='t-content__dates m-pub-dates'><span class='m-pub-dates__date'>نشرت في: <time datetime='2024-02-14T07:20:00+00:00' pubdate='pubdate'>14/02/2024 - 08:20</time></span><span class='m-pub-dates__date'>آخر تحديث: <time datetime='2024-02-14T08:00:00+00:00'>14/02/2024 - 09:00</time></span></p><div class='m-reading-time'>3 دقائق</div><div class='t-content__main-media'><figure class='m-item-image'><img src='/m.jpg'><figcaption><span class='m-figure__caption'>سفينة في الميناء</span> <span class='a-media-credit'>© المرسى</span></figcaption></figure></div>"
        "<div class='t-content__authors-tts'><div class='t-content__authors'><span class='m-from-author__label'>نص:</span> <a class='m-from-author__name' href='/a'>ندى سليمان</a><span> تابِع</span> | <span class='m-from-author__name'>أ ف ب</span></div></div>"
        f"<div class='t-content__body u-clearfix'><div class='o-self-promo'><p>للاطلاع على كل المستجدات حمّل تطبيق المرسى واشترك في التنبيهات</p></div>{ps(A[:3])}<div class='m-interstitial m-em-quote'><blockquote>{A[3]}</blockquote></div><aside class='m-interstitial'><p>إعلان</p></aside>{ps(A[4:])}<p>المرسى/ أ ف ب</p></div>"
        f"<div class='o-self-promo o-self-promo--newsletter'><h2>الرسالة الإخبارية</h2><p>لا تفوت أهم أخبار الساحل، اشترك في رسالتنا اليومية</p></div><ul class='m-tags-list'><li><a href='/t/1'>موانئ</a></li></ul></article><div class='o-article-related'><h2>في هذا السياق</h2>{cards('div class=^m-item-list-article^', 'p')}</div></div></body>",
    ),
    expected={
        "title": TITLE_A,
        "text": lines(A),
        "deck": DECK_A,
        "authors": ("ندى سليمان", "أ ف ب"),
        "published_at": "2024-02-14T07:20:00+00:00",
        "modified_at": "2024-02-14T08:00:00+00:00",
    },
)

_SANA = Case(
    name="agency-syrian-wordpress",
    url="https://nakhl.example/?p=2054321",
    paper="الوكالة العربية السورية للأنباء",
    html=document(
        f"<title>{TITLE_B} – S A N A</title><meta property='og:site_name' content='S A N A'>",
        f"<body class='rtl single single-post'><div class='top-nav'><div class='today-date'>2024-02-15</div></div><div id='main-content'><div class='content'><article class='post-listing post'><div class='post-inner'><h1 class='name post-title entry-title'><span itemprop='name'>{TITLE_B}</span></h1><p class='post-meta'><span class='tie-date'><i class='fa fa-clock-o'></i>2024-02-13</span><span class='post-cats'><i></i><a href='/cat/1' rel='category tag'>ثقافة وفن</a></span><span class='post-views'>213 زيارة</span></p><div class='clear'></div><div class='entry'><p>درعا-سانا</p>{ps(B)}<p>ليلا حسن</p><p>متابعة أخبار سانا على تلغرام https://t.me/example</p><div class='share-post'><span class='share-text'>شاركها</span></div></div></div></article><div class='post-navigation'><div class='post-previous'><a href='/n'><span>السابق</span> {OTHERS[0]}</a></div></div><section id='related_posts'><h3>مقالات ذات صلة</h3>{cards('div class=^related-item^', 'h3')}</section></div></div></body>",
    ),
    expected={
        "title": TITLE_B,
        "text": lines(B),
        "authors": ("ليلا حسن",),
        "published_on": "2024-02-13",
        "published_at": None,
        "dateline": "درعا-سانا",
    },
)

_WAFA = Case(
    name="agency-palestinian",
    url="https://nakhl.example/Pages/Details/89120",
    paper="وكالة الأنباء والمعلومات الفلسطينية",
    html=document(
        f"<title>وكالة الأنباء والمعلومات الفلسطينية - وفا - {TITLE_B}</title>",
        f"<body><div class='container'><div class='details-page'><ul class='breadcrumb'><li><a href='/'>الرئيسية</a></li><li><a href='/c'>ثقافة</a></li></ul><h3 class='title'>{TITLE_B}</h3><div class='date'><i class='fa fa-clock'></i> تاريخ النشر: 13/02/2024 08:05 م</div><div class='img'><img src='/image/1.jpg' width='700'></div><div class='text-details'><p><span>نابلس 13-2-2024 وفا-</span> {B[0]}</p>{ps(B[1:])}<p>ــــــــ</p><p>س.ب/ ع.ف</p></div><div class='related'><h4>مواضيع ذات صلة</h4><ul>{cards('li', 'h5')}</ul></div></div></div></body>",
    ),
    expected={
        "title": TITLE_B,
        "text": lines(f"نابلس 13-2-2024 وفا- {B[0]}", B[1:]),
        "published_at": "2024-02-13T18:05:00+00:00",
    },
)

_SPA = Case(
    name="agency-saudi",
    url="https://nakhl.example/ar/w2041234",
    paper="وكالة الأنباء السعودية",
    html=document(
        f"<title>وكالة الأنباء السعودية | اقتصادي / {TITLE_A}</title>",
        f"<body><div class='news-details'><div class='tags-line'><span>اقتصادي</span></div><h1 class='h1NewsTitle'>اقتصادي / {TITLE_A}</h1><div class='divNewsDate'>الأربعاء 1445/8/4 هـ الموافق 2024/02/14 م واس</div><div class='divNewsDetailsText'><p>رأس النخل 04 شعبان 1445 هـ الموافق 14 فبراير 2024 م واس<br>{A[0]}<br>{A[1]}<br>{A[2]}<br>{A[3]}<br>{A[4]}<br>// انتهى //<br>09:20 ت م <br>0031</p></div></div><div class='more'><h2>أخبار أخرى</h2>{cards('div', 'h4')}</div></body>",
    ),
    expected={
        "title": f"اقتصادي / {TITLE_A}",
        "text": lines(A),
        "published_on": "2024-02-14",
        "dateline": "رأس النخل 04 شعبان 1445 هـ الموافق 14 فبراير 2024 م واس",
    },
)

_APS = Case(
    name="agency-algerian",
    url="https://nakhl.example/economie/154321-2024-02-14-07-20-11",
    paper="وكالة الأنباء الجزائرية",
    html=document(
        f"<title>{TITLE_A}</title><meta name='author' content='Algérie Presse Service'>",
        f"<body><div class='item-page'><h1 itemprop='headline'>{TITLE_A}</h1><dl class='article-info'><dd class='published'>نشر بتاريخ : الأربعاء, 14 شباط/فبراير 2024 09:20</dd></dl><div class='itemFullText'><p>رأس النخل -  {A[0]}</p>{ps(A[1:])}<p>واج</p></div><div class='itemAuthor'>آخر تعديل على الأربعاء, 14 شباط/فبراير 2024 10:05</div></div></body>",
    ),
    expected={
        "title": TITLE_A,
        "text": lines(f"رأس النخل - {A[0]}", A[1:], "واج"),
        "published_at": "2024-02-14T07:20:00+00:00",
        "authors": (),
    },
)

_TAP = Case(
    name="agency-tunisian",
    url="https://nakhl.example/ar/actualites/17123456",
    paper="وكالة تونس إفريقيا للأنباء",
    html=document(
        f"<title>{TITLE_B} - وات</title>",
        f"<body><section class='article'><h1>{TITLE_B}</h1><div class='date-pub'>نشر يوم 13 فيفري 2024 على الساعة 20:05</div><div class='lead'>{DECK_B}</div><div class='corps'><p>تونس 13 فيفري 2024 (وات) - {B[0]}</p>{ps(B[1:])}<p>سب/ه</p></div><div class='mots'>الكلمات المفاتيح: <a href='#'>آثار</a>، <a href='#'>فسيفساء</a></div></section><section class='autres'><h2>أخبار ذات صلة</h2>{cards('div', 'h3')}</section></body>",
    ),
    expected={
        "title": TITLE_B,
        "text": lines(f"تونس 13 فيفري 2024 (وات) - {B[0]}", B[1:]),
        "deck": DECK_B,
        "published_at": "2024-02-13T18:05:00+00:00",
        "dateline": "تونس 13 فيفري 2024 (وات)",
    },
)

_MAP = Case(
    name="agency-moroccan",
    url="https://nakhl.example/ar/raseef",
    paper="وكالة المغرب العربي للأنباء",
    html=document(
        f"<title>{TITLE_A} | MAP</title>",
        f"<body><div id='content'><div class='post-header'><h1>{TITLE_A}</h1><div class='meta'>الأربعاء, 14 فبراير, 2024 إلى 9:20</div></div><div class='post-body'><p><strong>رأس النخل – (ومع) -</strong> {A[0]}</p>{ps(A[1:])}</div><div class='partager'>شارك</div></div><div class='a-lire'><h3>اقرأ أيضا</h3>{cards('div', 'h3')}</div></body>",
    ),
    expected={
        "title": TITLE_A,
        "text": lines(f"رأس النخل – (ومع) - {A[0]}", A[1:]),
        "published_on": "2024-02-14",
    },
)

_HESPRESS = Case(
    name="moroccan-portal",
    url="https://nakhl.example/raseef-1312345.html",
    paper="نخلبريس",
    html=document(
        f"<title>{TITLE_A}</title><meta property='og:title' content='{TITLE_A}'><meta property='og:site_name' content='Nakhlpress - نخلبريس جريدة إلكترونية'><meta property='og:type' content='article'><meta property='article:published_time' content='2024-02-14T09:20:00+01:00'>",
        f"<body class='rtl single'><div class='article-header'><ol class='breadcrumb'><li><a href='/'>الرئيسية</a></li><li><a href='/economie'>اقتصاد</a></li></ol><h1 class='post-title'>{TITLE_A}</h1><div class='post-thumbnail'><img src='/i.jpg'><figcaption>صور: أرشيف</figcaption></div><div class='d-flex'><div class='date-post-container'><span class='author'>نخلبريس - <a href='/a/1'>عبد الإله بناني</a></span><span class='date-post'>الأربعاء 14 فبراير 2024 - 09:20</span></div></div></div>"
        f"<div class='article-content'>{ps(A)}<div class='tags'><a href='/t/1' class='tag_post_tag'>الموانئ</a><a href='/t/2' class='tag_post_tag'>التجارة</a></div><div class='newsletter_widget'><h3 class='newsletter_form_title'>النشرة الإخبارية</h3><p>اشترك الآن في النشرة البريدية لنخلبريس، لتصلك آخر الأخبار يوميا</p><p>لا يمكن إضافة هذا البريد الالكتروني إلى هذه القائمة. الرجاء إدخال عنوان بريد إلكتروني مختلف.</p><p>تم إضافة رقمك بنجاح</p></div></div>"
        "<div class='comments-area'><h2>تعليقات الزوار</h2><ul class='comment-list'><li class='comment even'><div class='comment-body'><span class='fn'>قارئ</span> <div class='comment-date'>الأربعاء 14 فبراير 2024 - 10:40</div><div class='comment-text'><p>خبر مفرح، نتمنى أن ينعكس ذلك على الأسعار في السوق قبل حلول رمضان إن شاء الله وشكراً.</p></div></div></li></ul><p>المرجو ملء الاستمارة</p></div></body>",
    ),
    expected={
        "title": TITLE_A,
        "text": lines(A),
        "authors": ("عبد الإله بناني",),
        "published_at": "2024-02-14T08:20:00+00:00",
    },
)

_AAWSAT = Case(
    name="pan-arab-daily",
    url="https://nakhl.example/الاقتصاد/4851234-رأس-النخل-تعيد-فتح-رصيفها",
    paper="الشرق الجديد",
    html=document(
        f"<title>{TITLE_A}</title><meta property='og:site_name' content='صحيفة الشرق الجديد'>",
        f"<body><div class='layout-container'><article class='entry--type-article'><ul class='breadcrumb'><li><a href='/'>الاقتصاد</a></li></ul><h1 class='entry-title'>{TITLE_A}</h1><div class='entry-description'>{DECK_A}</div><div class='entry-media'><img src='/s.jpg'><div class='caption'>سفينة شحن (أ.ف.ب)</div></div><ul class='entry-meta'><li>رأس النخل: <strong>«الشرق الجديد»</strong></li><li>TT</li></ul><div class='entry-author'><ul class='author-list'><li>رأس النخل: <a href='/a/1'>سوسن الرفاعي</a></li></ul></div><div class='entry-date'>نُشر: 09:20-14 فبراير 2024 م ـ 04 شَعبان 1445 هـ</div><div class='entry-tools'><span>T</span><span>T</span></div><div class='article-body'>{ps(A)}</div><div class='entry-tags'><span>مواضيع</span><a href='/t/1'>موانئ</a><a href='/t/2'>اقتصاد</a></div></article></div></body>",
    ),
    expected={
        "title": TITLE_A,
        "text": lines(A),
        "deck": DECK_A,
        "authors": ("سوسن الرفاعي",),
        "published_at": "2024-02-14T07:20:00+00:00",
        "tags": ("موانئ", "اقتصاد"),
    },
)

_ARABIYA = Case(
    name="gulf-news-channel",
    url="https://nakhl.example/aswaq/2024/02/14/raseef",
    paper="الخليجية",
    html=document(
        f"<title>{TITLE_A}</title><meta property='og:site_name' content='الخليجية نت'>",
        f"<body><main><article><h1 class='headingInfo_title'>{TITLE_A}</h1><h2 class='headingInfo_subTitle'>{DECK_A}</h2><div class='byline_title'>رأس النخل - يزن حوراني</div><div class='timeDate_element'><span>نشر في: 14 فبراير ,2024: 10:20 ص GST</span><span>آخر تحديث: 14 فبراير ,2024: 11:00 ص GST</span></div><button class='readingMode'>وضع القراءة</button><span class='readTime'>مدة القراءة: 2 دقيقة</span><div id='body-text' class='body-1 paragraph'>{ps(A[:3])}<div class='quote-box'><p>لن نرفع الرسوم</p><span>مازن الحداد، مدير الهيئة</span></div>{ps(A[3:])}</div><div class='tags-wrapper'>{''.join(f'<a href=/t/{t}>{t}</a>' for t in ('موانئ', 'شحن'))}</div><section><h3>اقرأ أيضاً</h3>{cards('div', 'h4')}</section></article></main></body>",
    ),
    expected={
        "title": TITLE_A,
        "deck": DECK_A,
        "text": lines(A[:3], "لن نرفع الرسوم", "مازن الحداد، مدير الهيئة", A[3:]),
        "authors": ("يزن حوراني",),
        "published_at": "2024-02-14T06:20:00+00:00",
        "modified_at": "2024-02-14T07:00:00+00:00",
    },
)

_ANADOLU = Case(
    name="agency-turkish-in-arabic",
    url="https://nakhl.example/ar/اقتصاد/raseef/3137123",
    paper="وكالة البوسفور",
    html=document(
        f"<title>{TITLE_A}</title>",
        f"<body><div class='detay-bg'><div class='detay-spot-category'><h1>{TITLE_A}</h1><h4>{DECK_A}</h4></div><div class='row'><div class='col-md-3'><span class='tarih'>14.02.2024 - محدث : 14.02.2024</span></div><div class='detay-paylas'><a>Facebook</a></div><div class='detay-icerik'><div class='detay-foto-editor'>مجموعة صور</div><p><strong>رأس النخل/ سمير النجار/ الأناضول</strong></p>{ps(A)}<p><span>الأخبار المنشورة على الصفحة الرسمية لوكالة البوسفور، هي اختصار لجزء من الأخبار التي تُعرض للمشتركين عبر نظام تدفق الأخبار (HAS). من فضلك اتصل بنا لمعرفة خيارات الاشتراك.</span></p><div class='detay-tags'><span>المواضيع ذات الصلة</span><a href='/t'>رأس النخل</a></div></div></div></div></body>",
    ),
    expected={
        "title": TITLE_A,
        "text": lines(A),
        "deck": DECK_A,
        "authors": ("سمير النجار", "الأناضول"),
        "published_on": "2024-02-14",
    },
)

_RT = Case(
    name="russian-channel",
    url="https://nakhl.example/business/1540123-raseef/",
    paper="قناة الفولغا",
    html=document(
        f"<title>{TITLE_A} - Volga Arabic</title>",
        f"<body><div class='layout'><div class='detail'><h1 class='heading'>{TITLE_A}</h1><div class='date-info'><span>تاريخ النشر:</span> <span>14.02.2024 | 07:20 GMT</span></div><div class='media'><img src='/a.jpg'><div class='media-info'><span>Globallookpress</span></div></div><div class='shortlink'><span>انسخ الرابط</span> https://vlg.example/x1</div><div class='text js-text js-mediator-article'><div class='intro'><p>{DECK_A}</p></div>{ps(A[:2])}<div class='read-more'><a href='/n'>إقرأ المزيد</a><div class='read-more-title'>{OTHERS[4]}</div></div>{ps(A[2:])}<p><strong>المصدر: \"الفولغا\"</strong></p></div><div class='footer-detail'><p>تابعوا الفولغا على <a href='#'>Telegram</a></p></div></div></div></body>",
    ),
    expected={
        "title": TITLE_A,
        "text": lines(DECK_A, A),
        "deck": None,
        "published_at": "2024-02-14T07:20:00+00:00",
        "authors": (),
    },
)

_NAHAR = Case(
    name="lebanese-opinion",
    url="https://nakhl.example/arabic/opinion/12345/بستان-الزيتون",
    paper="نهار الساحل",
    html=document(
        f"<title>نهار الساحل | {TITLE_B}</title><meta name='author' content='Nahar Sahel'>",
        f"<body><div class='article-main'><div class='article__top'><span class='article__date'>13-02-2024 | 20:05</span> <span class='article__source'>المصدر: <a href='#'>\"نهار الساحل\"</a></span></div><h1 class='article__title'>{TITLE_B}</h1><div class='opinion-author'><img src='/p.jpg' alt='غسان الخوري'><a class='opinion-author__name' href='/w/1'>غسان الخوري</a></div><div class='article-toolbar'>A+ A-</div><div class='article__body'><p>*غسان الخوري</p>{ps(B)}<p><em>* كاتب وباحث في الآثار</em></p><p>الآراء الواردة في هذه المقالة لا تعبّر بالضرورة عن رأي الصحيفة</p></div></div></body>",
    ),
    expected={
        "title": TITLE_B,
        "text": lines(B, "* كاتب وباحث في الآثار"),
        "authors": ("غسان الخوري",),
        "published_at": "2024-02-13T18:05:00+00:00",
    },
)

_IRAQI = Case(
    name="iraqi-agency-home-grown",
    url="https://nakhl.example/ar/اقتصاد/raseef",
    paper="نخل نيوز",
    html=document(
        f"<title>{TITLE_A}</title>",
        f"<body><div class='post-single'><div class='cat'>اقتصاد</div><h2 class='title'>{TITLE_A}</h2><div class='post-date'>2024-02-14 09:20</div><div class='font-size'>Font</div><div class='post-content'><p>نخل نيوز/ {A[0]}</p><p>{A[1]}</p><p>{A[2]}</p><p>{A[3]}</p><p>{A[4]}</p><p>لمتابعة آخر أخبار نخل نيوز عبر تلغرام انقر هنا</p></div><div class='tags'><i></i><a href='/t'>#ميناء</a></div></div><div class='last'><h3>آخر الأخبار</h3>{cards('div', 'h4', '<span>2024-02-15 08:00</span>')}</div></body>",
    ),
    expected={
        "title": TITLE_A,
        "text": lines(f"نخل نيوز/ {A[0]}", A[1:]),
        "published_at": "2024-02-14T07:20:00+00:00",
        "authors": (),
    },
)

_BLOCKS = Case(
    name="hashed-classes-and-data-components",
    url="https://nakhl.example/arabic/articles/cd1xjq9v8zno",
    paper="إذاعة الساحل عربي",
    html=document(
        f"<title>{TITLE_A} - إذاعة الساحل عربي</title><meta property='og:type' content='article'>",
        f"<body><div id='__next'><main id='main-content'><article class='sc-1f7d'><div data-component='headline-block' class='sc-18fd'><h1 class='sc-f98b'>{TITLE_A}</h1></div>"
        "<div data-component='byline-block' class='sc-18fd'><div class='sc-2b5e'><time datetime='2024-02-14T07:20:00.000Z'>14 فبراير 2024</time><div data-testid='byline-contributors'><div><span class='sc-801d'>علا جبران</span></div><span class='sc-aa'>مراسلة الاقتصاد</span></div></div><div class='sc-33'><button>Share</button></div></div>"
        "<figure><div data-component='image-block'><img src='/a.jpg' width='976'></div><div data-component='caption-block' class='sc-18fd'><figcaption>الرصيف بعد ترميمه، وقد عادت إليه السفن الكبيرة</figcaption></div></figure>"
        + "".join(
            f"<div data-component='text-block' class='sc-18fd'><p class='sc-9a00'>{one}</p></div>"
            for one in A[:3]
        )
        + f"<div data-component='links-block' class='sc-18fd'><p class='sc-9a00'><b>مواضيع أخرى من المدينة</b></p><ul>{cards('li', 'span')}</ul></div><div data-component='subheadline-block'><h2>خسائر العاصفة</h2></div>"
        + "".join(
            f"<div data-component='text-block' class='sc-18fd'><p class='sc-9a00'>{one}</p></div>"
            for one in A[3:]
        )
        + f"<div data-component='tags' class='sc-18fd'><a href='/t/1'>موانئ</a></div></article><section aria-labelledby='related-content'><h2 id='related-content'>مواضيع متعلقة</h2>{cards('div', 'h3', '<p>مقتطف من خبر آخر لا علاقة له بالرصيف ولا بالسفن.</p>')}</section></main></div></body>",
    ),
    expected={
        "title": TITLE_A,
        "text": lines(A[:3], "خسائر العاصفة", A[3:]),
        "authors": ("علا جبران",),
        "published_at": "2024-02-14T07:20:00+00:00",
        "kind": "article",
    },
)

CASES = (
    _BLOCKS,
    _YOUM,
    _MASRAWY,
    _ELWATAN,
    _JAZEERA,
    _BBC,
    _FRANCE,
    _SANA,
    _WAFA,
    _SPA,
    _APS,
    _TAP,
    _MAP,
    _HESPRESS,
    _AAWSAT,
    _ARABIYA,
    _ANADOLU,
    _RT,
    _NAHAR,
    _IRAQI,
)
