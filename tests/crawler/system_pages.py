"""Fictional pages in the markup of systems and themes that Arabic publishers use, with their truth.

Each is written as such a system prints a page, its furniture included: what stands around an
article differs more between systems than articles do.
"""

# ruff: noqa: E501 - markup is harder to read cut up than long

import json

from tests.crawler.extract_pages import Case

A = (
    "أعلنت هيئة الموانئ في مدينة رأس النخل، اليوم الأربعاء، بدء العمل بالرصيف الجنوبي بعد توقف دام ثلاث سنوات.",
    "وأوضح مدير الهيئة مازن الحداد، في مؤتمر صحفي، أن الرصيف يستقبل ست سفن في اليوم، أي ضعف ما كان يستقبله من قبل.",
    "وأضاف: «لم نرفع الرسوم على التجار، ولن نرفعها هذا العام».",
    "وكانت عاصفة قد ضربت الساحل في شتاء 2021 وألحقت أضراراً بالمخازن والرافعات، وقدرت الخسائر حينها بنحو 40 مليون درهم.",
    "ومن المقرر أن تبدأ المرحلة الثانية من المشروع في الربيع المقبل.",
)
B = (
    "عثر منقبون على فسيفساء يقدر عمرها بألف وخمسمئة عام تحت بستان زيتون في بلدة تل الورد.",
    "وتصور الفسيفساء، التي تمتد على نحو ثمانين متراً مربعاً، مشاهد صيد وقطاف عنب.",
    "وقالت عالمة الآثار سهى بركات إن اللقية «من أجمل ما وجدناه في هذه المنطقة منذ عقود».",
    "وبدأت الحكاية حين اصطدم محراث المزارع أبو كرم بحجر ملون، فاتصل بدائرة الآثار.",
    "وستنقل القطع إلى متحف المدينة بعد ترميمها، وفق ما ذكرت الدائرة.",
)
TITLE_A = "رأس النخل تعيد فتح رصيفها الجنوبي بعد ثلاث سنوات من العاصفة"
TITLE_B = "فسيفساء عمرها ألف وخمسمئة عام تحت بستان زيتون"
DECK_A = "الرصيف يستقبل ست سفن يومياً، والهيئة تعد بألا ترفع الرسوم على التجار هذا العام"
DECK_B = "محراث اصطدم بحجر ملون فكشف مشاهد صيد وقطاف عنب"
OTHERS = (
    "وزير النقل يتفقد أعمال الطريق الدائري ويعد بافتتاحه قبل رمضان",
    "ارتفاع أسعار الزيت في أسواق المدينة للأسبوع الثالث على التوالي",
    "منتخب الناشئين يفوز بكأس الساحل بعد ركلات ترجيح مثيرة",
    "أمطار متفرقة غداً على المرتفعات الشمالية وتحذير من السيول",
    "جامعة رأس النخل تفتح باب التسجيل في كلية علوم البحار",
    "افتتاح معرض الكتاب بمشاركة مئتي دار نشر من عشرين بلداً",
)


def _quoted(markup: str) -> str:
    """Return markup with its quotes, for which ^ stands where Python's own are used up."""
    return markup.replace("^", '"')


def ps(paragraphs: tuple[str, ...], open_: str = "<p>", close: str = "</p>") -> str:
    return "\n".join(f"{_quoted(open_)}{one}{close}" for one in paragraphs)


def cards(tag: str, title: str = "h3", stamp: str = "") -> str:
    """Return teasers of other articles, each in `tag`, headed by `title`."""
    name, tag, heading = tag.partition(" ")[0], _quoted(tag), title.partition(" ")[0]
    title, stamp = _quoted(title), _quoted(stamp)
    return "".join(
        f"<{tag}><a href='/n/{n}'><img src='/t/{n}.jpg' alt=''></a><{title}><a href='/n/{n}'>{one}</a></{heading}>{stamp}</{name}>"
        for n, one in enumerate(OTHERS)
    )


def lines(*parts: tuple[str, ...] | str) -> str:
    return "\n".join(one for part in parts for one in ((part,) if isinstance(part, str) else part))


def ld(node: dict[str, object]) -> str:
    return f'<script type="application/ld+json">{json.dumps(node, ensure_ascii=False)}</script>'


def document(head: str, body: str, attributes: str = 'lang="ar" dir="rtl"') -> str:
    return f'<!DOCTYPE html>\n<html {attributes}><head><meta charset="utf-8">{head}</head>{body}</html>'


_JNEWS = Case(
    name="wordpress-jnews",
    url="https://nakhl.example/2024/02/14/raseef/",
    html=document(
        f"<title>{TITLE_A} - صوت النخل</title><meta property='og:site_name' content='صوت النخل'>"
        f"<meta property='og:type' content='article'><meta property='og:title' content='{TITLE_A}'>"
        "<meta property='article:published_time' content='2024-02-14T09:20:00+03:00'>"
        "<meta property='article:modified_time' content='2024-02-14T11:00:00+03:00'>"
        "<meta property='og:image' content='https://nakhl.example/wp-content/uploads/2024/02/port.jpg'>",
        "<body class='rtl post-template-default single single-post jeg_single_tpl_1'><div class='jeg_viewport'>"
        "<div class='jeg_header normal'><div class='jeg_topbar'><div class='jeg_top_date'>الخميس, فبراير 15, 2024</div></div>"
        "<ul class='jeg_menu jeg_main_menu'><li><a href='/'>الرئيسية</a></li><li><a href='/c/1'>اقتصاد</a></li></ul></div>"
        "<div class='jeg_main'><div class='jeg_container'><div class='entry-header'><div class='jeg_breadcrumbs jeg_breadcrumb_container'>"
        "<div id='breadcrumbs'><span><a href='/'>الرئيسية</a></span><i class='fa fa-angle-right'></i><span class='breadcrumb_last_link'><a href='/c/1'>اقتصاد</a></span></div></div>"
        f"<h1 class='jeg_post_title'>{TITLE_A}</h1><h2 class='jeg_post_subtitle'>{DECK_A}</h2>"
        "<div class='jeg_meta_container'><div class='jeg_post_meta jeg_post_meta_1'><div class='meta_left'><div class='jeg_meta_author'>"
        "<img alt='هالة الشامي' src='/avatar/1.jpg'><span class='meta_text'>بواسطة</span> <a href='/author/hala'>هالة الشامي</a></div>"
        "<div class='jeg_meta_date'><a href='#'>14 فبراير، 2024</a></div><div class='jeg_meta_category'><span><span class='meta_text'>في</span> <a href='/c/1'>اقتصاد</a></span></div></div>"
        "<div class='meta_right'><div class='jeg_meta_comment'><a href='#c'><i class='fa fa-comment-o'></i> 0</a></div></div></div></div></div>"
        "<div class='row'><div class='jeg_main_content col-md-8'><div class='jeg_inner_content'>"
        "<div class='jeg_featured featured_image'><a href='/p.jpg'><div class='thumbnail-container'><img src='/p.jpg'></div><p class='wp-caption-text'>الرصيف الجنوبي عند الفجر</p></a></div>"
        "<div class='jeg_share_top_container'><div class='jeg_share_button'><div class='jeg_share_stats'><div class='jeg_share_count'><div class='counts'>12</div><span class='sharetext'>مشاركات</span></div></div>"
        "<div class='jeg_sharelist'><a class='jeg_btn-facebook'><span>شارك على فيسبوك</span></a><a class='jeg_btn-twitter'><span>شارك على تويتر</span></a></div></div></div>"
        f"<div class='entry-content no-share'><div class='content-inner'>{ps(A[:2])}"
        "<div class='jnews_inline_related_post_wrapper left'><div class='jnews_inline_related_post'><div class='jeg_postblock_28 jeg_postblock'><div class='jeg_block_heading'><h3 class='jeg_block_title'><span>اقرأ <strong>أيضا</strong></span></h3></div>"
        f"<div class='jeg_posts jeg_load_more_flag'>{cards('article class=^jeg_post jeg_pl_xs_4^', 'h3', '<div class=^jeg_post_meta^><div class=^jeg_meta_date^><i class=^fa fa-clock-o^></i> 10 فبراير، 2024</div></div>')}</div></div></div></div>"
        f"<div class='ads-wrapper'><span class='ads-text'>إعلان</span></div>{ps(A[2:])}"
        "<div class='jeg_post_tags'><span>وسوم:</span> <a href='/t/1' rel='tag'>الموانئ</a><a href='/t/2' rel='tag'>رأس النخل</a></div></div></div>"
        "<div class='jnews_prev_next_container'><div class='jeg_prevnext_post'><a href='/n/9' class='post prev-post'><span class='caption'>الموضوع السابق</span><h3 class='post-title'>وزير النقل يتفقد أعمال الطريق</h3></a></div></div>"
        "<div class='jnews_author_box_container'><div class='jeg_authorbox'><h3 class='jeg_author_name'><a href='/author/hala'>هالة الشامي</a></h3><p class='jeg_author_desc'>صحفية تكتب في الاقتصاد المحلي منذ عشر سنوات وتقيم في رأس النخل.</p></div></div>"
        f"<div class='jnews_related_post_container'><h3 class='jeg_block_title'><span>ذات <strong>صلة</strong></span></h3>{cards('article class=^jeg_post^')}</div>"
        "<div class='jnews_comment_container'><div id='respond' class='comment-respond'><h3>اترك تعليقاً <small><a href='#'>إلغاء الرد</a></small></h3><form><p class='comment-notes'><span>لن يتم نشر عنوان بريدك الإلكتروني.</span> <span>الحقول الإلزامية مشار إليها بـ *</span></p></form></div></div>"
        "</div></div><div class='jeg_sidebar col-md-4'><div class='widget widget_jnews_popular'><h3>الأكثر قراءة</h3>"
        f"{cards('article class=^jeg_post^')}</div></div></div></div></div><div class='jeg_footer'><p class='copyright'>© 2024 صوت النخل - جميع الحقوق محفوظة.</p></div></div></body>",
    ),
    expected={
        "title": TITLE_A,
        "text": lines(A),
        "deck": DECK_A,
        "authors": ("هالة الشامي",),
        "published_at": "2024-02-14T06:20:00+00:00",
        "modified_at": "2024-02-14T08:00:00+00:00",
        "section": "اقتصاد",
        "tags": ("الموانئ", "رأس النخل"),
        "image_url": "https://nakhl.example/wp-content/uploads/2024/02/port.jpg",
        "kind": "article",
        "language": "ar",
    },
)

_TAGDIV = Case(
    name="wordpress-newspaper-tagdiv-composer",
    url="https://nakhl.example/archives/55120",
    html=document(
        f"<title>{TITLE_B} | صوت النخل</title><meta property='og:site_name' content='صوت النخل'><meta property='og:type' content='article'>"
        + ld(
            {
                "@context": "https://schema.org",
                "@graph": [
                    {
                        "@type": "WebPage",
                        "name": f"{TITLE_B} | صوت النخل",
                        "datePublished": "2024-02-13T18:05:11+00:00",
                        "dateModified": "2024-02-13T18:05:12+00:00",
                    },
                    {"@type": "WebSite", "name": "صوت النخل", "alternateName": "Sawt Alnakhl"},
                    {"@type": "Person", "@id": "#p", "name": "nakhl_admin"},
                ],
            }
        ),
        "<body class='rtl single single-post td-animation-stack-type0'><div id='td-outer-wrap'><div class='td-header-template-wrap'>"
        "<div class='tdb_header_date'>الخميس, فبراير 15, 2024</div></div><div class='td-content-wrap'><div class='tdc_zone'><div class='tdb-breadcrumbs td-fix-index'><a class='tdb-entry-crumb' href='/'>الرئيسية</a><i></i><a class='tdb-entry-crumb' href='/c/2'>ثقافة</a><i></i><span class='tdb-bred-no-url-last'>فسيفساء عمرها ألف...</span></div>"
        f"<div class='td_block_wrap tdb_title tdi_60 tdb-single-title'><div class='tdb-block-inner td-fix-index'><h1 class='tdb-title-text'>{TITLE_B}</h1></div></div>"
        f"<div class='td_block_wrap tdb_single_subtitle'><div class='tdb-block-inner td-fix-index'><p>{DECK_B}</p></div></div>"
        "<div class='td_block_wrap tdb_single_author tdb-post-meta'><div class='tdb-author-name-wrap'><span class='tdb-author-by'>كتب</span> <a class='tdb-author-name' href='/author/1'>nakhl_admin</a></div></div>"
        "<div class='td_block_wrap tdb_single_date tdb-post-meta'><div class='tdb-block-inner'><time class='entry-date updated td-module-date' datetime='2024-02-13T21:05:11+03:00'>13 فبراير 2024</time></div></div>"
        "<div class='td_block_wrap tdb_single_featured_image'><figure><img src='https://nakhl.example/f.jpg' width='696'><figcaption class='tdb-caption-text'>جزء من اللقية قبل رفع التراب عنها | دائرة الآثار</figcaption></figure></div>"
        f"<div class='td_block_wrap tdb_single_content tdi_70 td-post-content tagdiv-type'><div class='tdb-block-inner td-fix-index'>{ps(B[:3])}"
        "<div class='td-a-rec td-a-rec-id-content_inline'><span class='td-adspot-title'>- Advertisement -</span></div>"
        f"<blockquote class='td_pull_quote td_pull_center'><p>{B[3]}</p></blockquote>{ps(B[4:])}"
        "<p>للاشتراك في قناتنا على التلغرام <a href='https://t.me/x'>اضغط هنا</a></p></div></div>"
        "<div class='td_block_wrap tdb_single_post_share'><a class='td-social-sharing-button'><div class='td-social-but-text'>Facebook</div></a></div>"
        f"<div class='td_block_wrap tdb_single_related'><h4 class='td-block-title'>مقالات مشابهة</h4>{cards('div class=^td_module_wrap^', 'p class=^entry-title^')}</div>"
        "</div></div><div class='td-footer-template-wrap'><p>صوت النخل صحيفة إلكترونية مستقلة تصدر من رأس النخل وتعنى بشؤون الساحل.</p></div></div></body>",
    ),
    expected={
        "title": TITLE_B,
        "text": lines(B),
        "deck": DECK_B,
        "authors": (),
        "published_at": "2024-02-13T18:05:11+00:00",
        "section": "ثقافة",
        "kind": "article",
    },
)

_ELEMENTOR = Case(
    name="wordpress-elementor-single",
    url="https://nakhl.example/raseef-opens/",
    html=document(
        f"<title>{TITLE_A} – موقع الميناء الإخباري</title><meta property='og:site_name' content='الميناء الإخباري'>",
        "<body class='rtl elementor-default single'><div data-elementor-type='header' class='elementor elementor-location-header'><div class='elementor-widget elementor-widget-nav-menu'><nav class='elementor-nav-menu--main'><ul><li><a href='/'>الرئيسية</a></li></ul></nav></div></div>"
        "<div data-elementor-type='single-post' class='elementor elementor-location-single'><section class='elementor-section elementor-top-section'><div class='elementor-container'><div class='elementor-column elementor-col-66'><div class='elementor-widget-wrap elementor-element-populated'>"
        f"<div class='elementor-element elementor-widget elementor-widget-theme-post-title elementor-widget-heading'><div class='elementor-widget-container'><h1 class='elementor-heading-title elementor-size-default'>{TITLE_A}</h1></div></div>"
        f"<div class='elementor-element elementor-widget elementor-widget-theme-post-excerpt'><div class='elementor-widget-container'>{DECK_A}</div></div>"
        "<div class='elementor-element elementor-widget elementor-widget-post-info'><div class='elementor-widget-container'><ul class='elementor-inline-items elementor-icon-list-items elementor-post-info'>"
        "<li class='elementor-icon-list-item elementor-inline-item' itemprop='author'><a href='/author/rami'><span class='elementor-icon-list-text elementor-post-info__item elementor-post-info__item--type-author'>رامي الخطيب</span></a></li>"
        "<li class='elementor-icon-list-item elementor-inline-item' itemprop='datePublished'><a href='/2024/02/14/'><span class='elementor-icon-list-text elementor-post-info__item elementor-post-info__item--type-date'>14 فبراير، 2024</span></a></li>"
        "<li class='elementor-icon-list-item elementor-inline-item'><span class='elementor-icon-list-text elementor-post-info__item elementor-post-info__item--type-time'>9:20 ص</span></li></ul></div></div>"
        "<div class='elementor-element elementor-widget elementor-widget-theme-post-featured-image elementor-widget-image'><div class='elementor-widget-container'><img src='/wp-content/uploads/a.jpg' width='800'></div></div>"
        f"<div class='elementor-element elementor-widget elementor-widget-theme-post-content'><div class='elementor-widget-container'>{ps(A)}"
        "<p>تابعوا قناة الميناء الإخباري على واتساب لتصلكم الأخبار أولاً بأول</p></div></div>"
        "<div class='elementor-element elementor-widget elementor-widget-share-buttons'><div class='elementor-share-btn'><span class='elementor-share-btn__title'>Facebook</span></div></div>"
        "<div class='elementor-element elementor-widget elementor-widget-post-navigation'><div class='elementor-post-navigation'><span class='post-navigation__prev--label'>السابق</span><span class='post-navigation__prev--title'>وزير النقل يتفقد أعمال الطريق الدائري</span></div></div>"
        "</div></div><div class='elementor-column elementor-col-33'><div class='elementor-widget-wrap'><div class='elementor-widget elementor-widget-posts'><div class='elementor-posts-container elementor-posts'>"
        f"{cards('article class=^elementor-post^', 'h3 class=^elementor-post__title^', '<div class=^elementor-post__meta-data^><span class=^elementor-post-date^>15 فبراير، 2024</span></div><div class=^elementor-post__excerpt^><p>مقتطف من خبر آخر لا علاقة له بالرصيف ولا بالسفن ولا بالهيئة.</p></div>')}"
        "</div></div></div></div></div></section></div></body>",
    ),
    expected={
        "title": TITLE_A,
        "text": lines(A),
        "deck": DECK_A,
        "authors": ("رامي الخطيب",),
        "published_on": "2024-02-14",
        "published_at": "2024-02-14T07:20:00+00:00",
    },
)

_GUTENBERG = Case(
    name="wordpress-gutenberg-blocks",
    url="https://nakhl.example/2024/02/fsifsa",
    html=document(
        f"<title>{TITLE_B}</title><meta name='author' content='سناء الحلبي'><meta name='twitter:label1' content='كُتب بواسطة'><meta name='twitter:data1' content='سناء الحلبي'><meta name='twitter:label2' content='وقت القراءة المُقدّر'><meta name='twitter:data2' content='3 دقائق'>",
        "<body><header class='wp-block-template-part'><p class='wp-block-site-title'><a href='/'>دفاتر الساحل</a></p></header><main class='wp-block-group'>"
        f"<h1 class='wp-block-post-title'>{TITLE_B}</h1><div class='wp-block-post-date'><time datetime='2024-02-13T18:05:11+02:00'>13 فبراير، 2024</time></div>"
        "<div class='entry-content wp-block-post-content is-layout-flow'>"
        f"<p class='has-drop-cap'>{B[0]}</p><figure class='wp-block-image size-large'><img src='/m.jpg'><figcaption class='wp-element-caption'>مشهد الصيد كما ظهر في الحفرة الثانية</figcaption></figure>"
        f"<p>{B[1]}</p><figure class='wp-block-pullquote'><blockquote><p>لم أصدق عيني حين رأيت الألوان</p><cite>أبو كرم</cite></blockquote></figure><p>{B[2]}</p>"
        "<h2 class='wp-block-heading'>كيف بدأت الحكاية؟</h2>"
        f"<p>{B[3]}</p><ul class='wp-block-list'><li>الموقع: شرق البلدة</li><li>العمق: متر ونصف</li></ul><p>{B[4]}</p>"
        "<div class='wp-block-group has-background'><h3 class='wp-block-heading'>اشترك في نشرتنا البريدية</h3><p>أدخل بريدك الإلكتروني لتصلك دفاتر الساحل كل أسبوع.</p></div>"
        f"<div class='wp-block-query'><h2 class='wp-block-heading'>المزيد من المقالات</h2><ul class='wp-block-post-template'>{cards('li class=^wp-block-post^', 'h2 class=^wp-block-post-title^')}</ul></div>"
        "</div></main></body>",
    ),
    expected={
        "title": TITLE_B,
        "text": lines(
            B[:2],
            "لم أصدق عيني حين رأيت الألوان",
            "أبو كرم",
            B[2],
            "كيف بدأت الحكاية؟",
            B[3],
            "الموقع: شرق البلدة",
            "العمق: متر ونصف",
            B[4],
        ),
        "authors": ("سناء الحلبي",),
        "published_at": "2024-02-13T16:05:11+00:00",
        "deck": None,
    },
)

_DRUPAL7 = Case(
    name="drupal-7",
    url="https://nakhl.example/ar/content/raseef",
    html=document(
        f"<title>{TITLE_A} | جريدة الميناء</title><meta name='Generator' content='Drupal 7 (http://drupal.org)'><link rel='canonical' href='/ar/content/raseef'><meta name='dcterms.title' content='{TITLE_A}'>",
        "<body class='html not-front page-node node-type-article i18n-ar'><div id='skip-link'><a href='#main-content' class='element-invisible element-focusable'>تجاوز إلى المحتوى الرئيسي</a></div>"
        "<div id='page-wrapper'><div id='header'><div class='date-now'>الخميس 15 شباط 2024 - 08:00</div></div><div class='breadcrumb'><h2 class='element-invisible'>أنت هنا</h2><a href='/ar'>الرئيسية</a> » <a href='/ar/economy'>اقتصاد</a></div>"
        f"<div id='main'><h1 class='title' id='page-title'>{TITLE_A}</h1><div class='region region-content'><div id='block-system-main' class='block block-system'><div class='content'>"
        "<div id='node-1201' class='node node-article clearfix' about='/ar/content/raseef' typeof='sioc:Item foaf:Document'>"
        "<span property='dc:title' content='' class='rdf-meta element-hidden'></span><div class='meta submitted'><span property='dc:date dc:created' content='2024-02-14T09:20:00+02:00' datatype='xsd:dateTime' rel='sioc:has_creator'>نشره <span class='username' xml:lang='' about='/ar/user/5' typeof='sioc:UserAccount' property='foaf:name'>editor3</span> يوم الأربعاء, 02/14/2024 - 09:20</span></div>"
        "<div class='content clearfix'><div class='field field-name-field-image field-type-image field-label-hidden'><div class='field-items'><div class='field-item even'><img src='/sites/default/files/port.jpg' title='أرشيف' width='620'></div></div></div>"
        f"<div class='field field-name-field-subtitle field-type-text field-label-hidden'><div class='field-items'><div class='field-item even'>{DECK_A}</div></div></div>"
        "<div class='field field-name-field-writer field-type-taxonomy-term-reference field-label-inline clearfix'><div class='field-label'>الكاتب:&nbsp;</div><div class='field-items'><div class='field-item even'><a href='/ar/writer/7'>كمال الزين</a></div></div></div>"
        f"<div class='field field-name-body field-type-text-with-summary field-label-hidden'><div class='field-items'><div class='field-item even' property='content:encoded'>{ps(A, '<p class=^rtejustify^>')}</div></div></div>"
        "<div class='field field-name-field-tags field-type-taxonomy-term-reference field-label-above'><div class='field-label'>الكلمات الدالة:&nbsp;</div><div class='field-items'><div class='field-item even' rel='dc:subject'><a href='/ar/tags/1'>موانئ</a></div><div class='field-item odd' rel='dc:subject'><a href='/ar/tags/2'>تجارة</a></div></div></div>"
        "</div><ul class='links inline'><li class='comment_forbidden first last'><span><a href='/user/login'>سجل دخولك</a> أو <a href='/user/register'>افتح حساباً</a> لإضافة التعليقات</span></li></ul></div></div></div></div></div>"
        f"<div id='sidebar-second'><div class='block block-views'><h2>آخر الأخبار</h2><div class='item-list'><ul>{cards('li class=^views-row^', 'div class=^views-field-title^')}</ul></div></div></div></div></body>",
    ),
    expected={
        "title": TITLE_A,
        "text": lines(A),
        "deck": DECK_A,
        "authors": ("كمال الزين",),
        "published_on": "2024-02-14",
        "section": "اقتصاد",
        "tags": ("موانئ", "تجارة"),
    },
)

_DRUPAL10 = Case(
    name="drupal-10-paragraphs",
    url="https://nakhl.example/node/77120",
    html=document(
        f"<title>{TITLE_B} | الميناء</title><meta property='og:site_name' content='الميناء'><meta property='article:published_time' content='2024-02-13T20:05:11+0200'>",
        "<body class='path-node page-node-type-article'><div class='dialog-off-canvas-main-canvas'><main role='main'><a id='main-content' tabindex='-1'></a><div class='layout-content'><div data-drupal-messages-fallback class='hidden'></div>"
        "<article data-history-node-id='77120' role='article' class='node node--type-article node--view-mode-full'><div class='node__header'>"
        "<div class='field field--name-field-section field--type-entity-reference field__item'><a href='/culture'>ثقافة وفنون</a></div>"
        f"<h1 class='page-header'><span class='field field--name-title field--type-string field--label-hidden'>{TITLE_B}</span></h1>"
        f"<div class='field field--name-field-lead field--type-text-long field--label-hidden field__item'><p>{DECK_B}</p></div>"
        "<div class='node__meta'><span class='field field--name-field-author field--type-entity-reference'>لينا عساف</span><span class='field field--name-created'><time datetime='2024-02-13T20:05:11+02:00' title='الثلاثاء، فبراير 13، 2024 - 20:05'>13 شباط/فبراير 2024</time></span></div></div>"
        "<div class='node__content'><div class='field field--name-field-paragraphs field--type-entity-reference-revisions field__items'>"
        f"<div class='field__item'><div class='paragraph paragraph--type--text'><div class='field field--name-field-text field--type-text-long field__item'>{ps(B[:2])}</div></div></div>"
        "<div class='field__item'><div class='paragraph paragraph--type--image'><div class='field field--name-field-media'><img src='/m.jpg'></div><div class='field field--name-field-caption field--type-string field__item'>مشهد قطاف العنب - دائرة الآثار</div></div></div>"
        f"<div class='field__item'><div class='paragraph paragraph--type--text'><div class='field field--name-field-text field--type-text-long field__item'>{ps(B[2:4])}</div></div></div>"
        f"<div class='field__item'><div class='paragraph paragraph--type--related'><h3>مواضيع ذات صلة</h3>{cards('div class=^node--view-mode-teaser^', 'h4')}</div></div>"
        f"<div class='field__item'><div class='paragraph paragraph--type--text'><div class='field field--name-field-text field--type-text-long field__item'>{ps(B[4:])}</div></div></div>"
        "</div></div></article></div></main></div></body>",
    ),
    expected={
        "title": TITLE_B,
        "text": lines(B),
        "deck": DECK_B,
        "authors": ("لينا عساف",),
        "published_at": "2024-02-13T18:05:11+00:00",
    },
)

_JOOMLA = Case(
    name="joomla-com-content",
    url="https://nakhl.example/index.php/economy/4521-raseef",
    html=document(
        f"<title>{TITLE_A}</title><meta name='author' content='Super User'><meta name='generator' content='Joomla! - Open Source Content Management'>",
        "<body class='site com_content view-article'><div class='body'><div class='container'><ul class='breadcrumb'><li class='active'><span class='divider icon-location'></span></li><li><a href='/' class='pathway'>الرئيسية</a></li><li><a href='/economy' class='pathway'>اقتصاد</a></li></ul>"
        f"<main id='content'><div class='item-page' itemscope itemtype='https://schema.org/Article'><meta itemprop='inLanguage' content='ar-AA'><div class='page-header'><h2 itemprop='headline'>{TITLE_A}</h2></div>"
        "<div class='icons'><div class='btn-group pull-right'><a class='btn dropdown-toggle'><span class='icon-cog'></span></a><ul class='dropdown-menu'><li class='print-icon'><a href='#'>طباعة</a></li><li class='email-icon'><a href='#'>البريد الإلكتروني</a></li></ul></div></div>"
        "<dl class='article-info muted'><dt class='article-info-term'>التفاصيل</dt><dd class='createdby' itemprop='author' itemscope itemtype='https://schema.org/Person'>كتب بواسطة: <span itemprop='name'>Super User</span></dd>"
        "<dd class='category-name'>المجموعة: <a href='/economy' itemprop='genre'>اقتصاد</a></dd><dd class='published'><span class='icon-calendar'></span><time datetime='2024-02-14T07:20:00+00:00' itemprop='datePublished'>نشر بتاريخ: 14 شباط/فبراير 2024</time></dd><dd class='hits'><span class='icon-eye-open'></span><meta itemprop='interactionCount' content='UserPageVisits:322'>الزيارات: 322</dd></dl>"
        f"<div itemprop='articleBody'><p style='text-align: justify;'><strong>رأس النخل – خاص</strong></p>{ps(A, '<p style=^text-align: justify;^><span style=^font-size: 14pt;^>', '</span></p>')}<p>&nbsp;</p></div>"
        "<ul class='pager pagenav'><li class='previous'><a href='/n/1' rel='prev'><span class='icon-chevron-right'></span> السابق</a></li><li class='next'><a href='/n/2'>التالي</a></li></ul></div></main>"
        f"<div class='well'><h3 class='page-header'>الأكثر قراءة</h3><ul class='mostread mod-list'>{cards('li', 'span')}</ul></div></div></div></body>",
    ),
    expected={
        "title": TITLE_A,
        "text": lines(A),
        "authors": (),
        "published_at": "2024-02-14T07:20:00+00:00",
        "section": "اقتصاد",
        "dateline": "رأس النخل – خاص",
    },
)

_K2 = Case(
    name="joomla-k2",
    url="https://nakhl.example/index.php/item/9921-fsifsa",
    html=document(
        f"<title>الساحل اليوم - {TITLE_B}</title><meta name='author' content='Media Team'>",
        "<body class='itemid-101'><div id='k2Container' class='itemView'><span id='startOfPageId9921'></span><div class='itemHeader'><span class='itemDateCreated'>الثلاثاء, 13 شباط/فبراير 2024 20:05</span>"
        f"<h2 class='itemTitle'>{TITLE_B}</h2><span class='itemAuthor'>كتب بواسطة&nbsp; <a rel='author' href='/u/1'>وليد بركات</a></span></div>"
        "<div class='itemToolbar'><ul><li><span class='itemTextResizerTitle'>حجم الخط</span> <a href='#' id='fontDecrease'><span>تصغير حجم الخط</span></a> <a href='#'><span>تكبير حجم الخط</span></a></li><li><a class='itemPrintLink'><span>طباعة</span></a></li><li><a class='itemEmailLink'><span>البريد الإلكتروني</span></a></li></ul></div>"
        "<div class='itemRatingBlock'><span>قيم الموضوع</span><div class='itemRatingForm'><ul class='itemRatingList'><li><a href='#'>1</a></li><li><a href='#'>2</a></li></ul><div class='itemRatingLog'>(0 أصوات)</div></div></div>"
        f"<div class='itemBody'><div class='itemImageBlock'><span class='itemImage'><img src='/media/k2/items/cache/1.jpg' width='500'></span><span class='itemImageCaption'>فسيفساء تل الورد</span></div><div class='itemIntroText'><p>{B[0]}</p></div><div class='itemFullText'>{ps(B[1:])}</div><div class='clr'></div></div>"
        "<div class='itemLinks'><div class='itemCategory'><span>نشر في</span> <a href='/c'>ثقافة</a></div><div class='itemTagsBlock'><span>موسومة تحت</span><ul class='itemTags'><li><a href='/t/1'>آثار</a></li><li><a href='/t/2'>تل الورد</a></li></ul></div></div>"
        f"<div class='itemAuthorLatest'><h3>أحدث مقالات وليد بركات</h3><ul>{cards('li', 'span')}</ul></div><div class='itemNavigation'><span class='itemNavigationTitle'>المزيد في هذه الفئة:</span><a class='itemPrevious' href='/n'>&laquo; {OTHERS[0]}</a></div><a class='itemBackToTop' href='#'>العودة إلى الأعلى</a></div></body>",
    ),
    expected={
        "title": TITLE_B,
        "text": lines(B),
        "authors": ("وليد بركات",),
        "published_at": "2024-02-13T18:05:00+00:00",
    },
)

_BLOGGER = Case(
    name="blogger-arabic-theme",
    url="https://dafater.example/2024/02/blog-post_14.html",
    html=document(
        f"<title>{TITLE_A} - دفاتر</title><meta content='blogger' name='generator'><meta content='{A[0]}' property='og:description'>",
        "<body class='item'><div class='date-outer'><h2 class='date-header'><span>الأربعاء، 14 فبراير 2024</span></h2><div class='date-posts'><div class='post-outer'><div class='post hentry' itemscope itemtype='http://schema.org/BlogPosting'>"
        f"<a name='123'></a><h3 class='post-title entry-title' itemprop='name'>{TITLE_A}</h3><div class='post-body entry-content' id='post-body-123' itemprop='description articleBody'><div dir='rtl' style='text-align: right;' trbidi='on'>"
        "<div class='separator' style='clear: both; text-align: center;'><a href='/i.jpg'><img border='0' src='/i.jpg' width='640'></a></div><table align='center' class='tr-caption-container'><tbody><tr><td><img src='/b.jpg'></td></tr><tr><td class='tr-caption'>منظر من الجو</td></tr></tbody></table>"
        f"{A[0]}<br /><br />{A[1]}<br /><br /><span style='color: red;'>{A[2]}</span><br /><br />{A[3]}<br /><br />{A[4]}<br /></div><div style='clear: both;'></div></div>"
        "<div class='post-footer'><div class='post-footer-line'><span class='post-author vcard'>مرسلة بواسطة <span class='fn' itemprop='author'><span itemprop='name'>نبيل الأسمر</span></span></span> <span class='post-timestamp'>في <meta content='http://x' itemprop='url'><a class='timestamp-link' href='#' rel='bookmark'><abbr class='published' itemprop='datePublished' title='2024-02-14T09:20:00+02:00'>9:20 ص</abbr></a></span></div><div class='post-labels'>التسميات: <a href='/search/label/1' rel='tag'>موانئ</a></div></div></div>"
        f"<div class='comments' id='comments'><h4>ليست هناك تعليقات:</h4><p class='comment-footer'><a href='#'>إرسال تعليق</a></p></div></div></div></div><div class='blog-pager'><a class='blog-pager-older-link'>رسالة أقدم</a></div><div class='widget PopularPosts'><h2>المشاركات الشائعة</h2>{cards('li', 'div class=^item-title^', '<div class=^item-snippet^>مقتطف طويل من تدوينة أخرى تتحدث عن شأن بعيد كل البعد عن الميناء والرصيف.</div>')}</div></body>",
    ),
    expected={
        "title": TITLE_A,
        "text": lines(A),
        "authors": ("نبيل الأسمر",),
        "published_at": "2024-02-14T07:20:00+00:00",
        "tags": ("موانئ",),
    },
)

_DNN = Case(
    name="dotnetnuke-webforms",
    url="https://nakhl.example/ArticleDetail/tabid/81/ArticleID/4521/Default.aspx",
    html=document(
        f"<title>\r\n\tجريدة الميناء : {TITLE_A}\r\n</title><meta id='MetaAuthor' name='AUTHOR' content='DotNetNuke'><meta name='COPYRIGHT' content='Copyright 2024 by Almina'>",
        "<body id='Body'><form method='post' action='#' id='Form'><div class='aspNetHidden'><input type='hidden' name='__VIEWSTATE' value='dDwx'></div><div id='dnn_ControlPanel'></div><div class='skinheader'><span id='dnn_dnnCURRENTDATE_lblDate' class='SkinObject'>الخميس 15 فبراير 2024</span></div>"
        "<table class='contentpane' width='100%'><tr><td id='dnn_ContentPane' class='DnnModule'><a name='412'></a><div class='c_DNN'><span id='dnn_ctr412_dnnTITLE_titleLabel' class='Head'>تفاصيل الخبر</span><div id='dnn_ctr412_ContentPane'>"
        f"<div id='dnn_ctr412_ModuleContent' class='DNNModuleContent ModArticleC'><span id='dnn_ctr412_lblDate' class='Normal'>الأربعاء، 14 فبراير 2024 09:20 ص</span><br><h1><span id='dnn_ctr412_lblHeadline' class='Head'>{TITLE_A}</span></h1>"
        "<div class='articleTools'><a href='#'>إرسال</a> | <a href='#'>طباعة</a> | <span>عدد القراء: 1452</span></div>"
        f"<table cellpadding='4' align='left' width='300'><tr><td><img src='/Portals/0/a.jpg' width='300'></td></tr><tr><td class='imgCaption'>الرصيف الجنوبي كما بدا أمس</td></tr></table><span id='dnn_ctr412_lblBody' class='Normal'><P dir=rtl><B>الميناء – رأس النخل</B></P>{ps(A, '<P dir=rtl align=justify>', '</P>')}</span></div></div></div></td>"
        f"<td id='dnn_RightPane'><span class='Head'>أخبار أخرى</span><ul>{cards('li', 'span')}</ul></td></tr></table><span class='SkinObject'>Copyright 2024 by Almina</span></form></body>",
    ),
    expected={
        "title": TITLE_A,
        "text": lines(A),
        "authors": (),
        "published_at": "2024-02-14T07:20:00+00:00",
    },
)

_SPUTNIK = Case(
    name="ria-sputnik",
    url="https://nakhl.example/20240214/raseef-1086001234.html",
    html=document(
        f"<title>{TITLE_A} - 14.02.2024, وكالة النخيل</title><meta property='og:site_name' content='وكالة النخيل'><meta property='og:type' content='article'><meta name='analytics:author' content=''><meta name='analytics:p_ts' content='1707895200'><meta property='article:published_time' content='20240214T0720+0000'><meta property='article:author' content='وكالة النخيل'>",
        "<body><div class='page'><div class='header'><div class='header__time'>08:00 GMT 15.02.2024</div></div><div id='endless' data-infinity-max-count='50'><div class='endless__item' data-title='x' data-published='1707895200'>"
        "<div class='article' itemscope itemtype='http://schema.org/NewsArticle'><div class='article__meta'><div itemprop='author' itemscope itemtype='http://schema.org/Organization'><meta itemprop='name' content='وكالة النخيل'></div><a itemprop='url' href='#'></a><div itemprop='headline'>"
        f"{TITLE_A}</div><div itemprop='datePublished'>2024-02-14T07:20+0000</div><div itemprop='dateModified'>2024-02-14T07:31+0000</div><div itemprop='alternateName'>{TITLE_A}</div><div itemprop='articleBody'>{A[0]} 14.02.2024, وكالة النخيل</div></div>"
        "<div class='article__header'><div class='article__info'><div class='article__info-date'><a href='/20240214/' class='' title='تاريخ النشر' data-unixtime='1707895200'>07:20 GMT 14.02.2024</a> <span class='article__info-date-modified'>(تم التحديث: <span data-unixtime='1707895860'>07:31 GMT 14.02.2024</span>)</span></div></div>"
        f"<h1 class='article__title'>{TITLE_A}</h1><div class='article__announce'><div class='media'><div class='media__size'><img src='https://cdn.nakhl.example/img/1.jpg' title='رصيف'></div><div class='media__copyright'><div class='media__copyright-item m-copyright'>© وكالة النخيل . سمير حداد</div></div></div></div></div>"
        f"<div class='article__announce-text'>{DECK_A}</div><div class='article__body'>"
        f"<div class='article__block' data-type='text' data-position-type='start'><div class='article__text'>{A[0]}</div></div><div class='article__block' data-type='text'><div class='article__text'>{A[1]}</div></div>"
        f"<div class='article__block' data-type='article' data-article='main-photo'><div class='article__article m-image'><a class='article__article-image'><img></a><div class='article__article-desc'><a href='/x' class='article__article-title'>{OTHERS[0]}</a><div class='article__article-info' data-unixtime='1707800000'>13 فبراير, 06:13 GMT</div></div></div></div>"
        f"<div class='article__block' data-type='quote'><div class='article__quote'><div class='article__quote-text'>{A[2]}</div></div></div><div class='article__block' data-type='text'><div class='article__text'>{A[3]}</div></div>"
        f"<div class='article__block' data-type='banner'></div><div class='article__block' data-type='text' data-position-type='end'><div class='article__text'>{A[4]}</div></div></div>"
        f"<div class='article__footer'><div class='article__tags'><ul class='tags m-noButton'><li class='tag'><a href='/t/1' class='tag__text'>أخبار الموانئ</a></li><li class='tag'><a href='/t/2' class='tag__text'>اقتصاد</a></li></ul></div></div></div></div></div><div class='lenta'>{cards('div class=^lenta__item^', 'span class=^lenta__item-text^', '<span class=^lenta__item-date^ data-unixtime=^1707980000^></span>')}</div></div></body>",
    ),
    expected={
        "title": TITLE_A,
        "text": lines(A),
        "deck": DECK_A,
        "authors": (),
        "published_at": "2024-02-14T07:20:00+00:00",
        "modified_at": "2024-02-14T07:31:00+00:00",
    },
)

_NEXT = {
    "props": {
        "pageProps": {
            "article": {
                "id": 4521,
                "title": TITLE_A,
                "subtitle": DECK_A,
                "body": "".join(f"<p>{one}</p>" for one in A),
                "publishedAt": "2024-02-14T07:20:00.000Z",
                "updatedAt": "2024-02-14T08:00:00.000Z",
                "author": {"name": "هالة الشامي"},
                "section": {"name": "اقتصاد"},
                "relatedArticles": [{"title": one, "body": f"<p>{one}</p>"} for one in OTHERS],
            }
        }
    },
    "page": "/news/[id]",
}
_NEXT_SHELL = Case(
    name="next-js-shell",
    url="https://nakhl.example/news/4521",
    html=document(
        f"<title>{TITLE_A} | الميناء</title><meta property='og:title' content='{TITLE_A}'><meta property='og:type' content='article'><meta property='og:site_name' content='الميناء'>",
        f"<body><div id='__next'><div class='loader'>جاري التحميل...</div></div><script id='__NEXT_DATA__' type='application/json'>{json.dumps(_NEXT, ensure_ascii=False)}</script></body>",
    ),
    expected={
        "title": TITLE_A,
        "text": lines(A),
        "published_at": "2024-02-14T07:20:00+00:00",
        "authors": ("هالة الشامي",),
        "deck": DECK_A,
    },
)

_ARC = Case(
    name="arc-xp-fusion",
    url="https://nakhl.example/economy/2024/02/14/raseef/",
    html=document(
        f"<title>{TITLE_A} | الميناء نيوز</title><meta property='og:site_name' content='الميناء نيوز'><meta property='og:type' content='article'>"
        + ld(
            {
                "@context": "http://schema.org",
                "@type": "NewsArticle",
                "headline": TITLE_A,
                "description": DECK_A,
                "datePublished": "2024-02-14T07:20:13.021Z",
                "dateModified": "2024-02-14T07:20:13.021Z",
                "author": [
                    {"@type": "Person", "name": "هالة الشامي"},
                    {"@type": "Person", "name": "وسيم قاسم"},
                ],
                "publisher": {"@type": "NewsMediaOrganization", "name": "الميناء نيوز"},
                "articleSection": "اقتصاد",
                "keywords": ["موانئ", "تجارة"],
            }
        ),
        "<body><div id='fusion-app' class='layout-section'><header class='b-header-nav-chain'><span class='b-header-nav-chain__date'>15 فبراير 2024</span></header><section role='main' tabindex='-1' class='c-stack' id='main'>"
        f"<a class='c-overline b-overline' href='/economy/'>اقتصاد</a><h1 class='b-headline'>{TITLE_A}</h1><h2 class='b-subheadline'>{DECK_A}</h2><figure class='c-media-item b-lead-art'><div class='c-image-wrapper'><img class='c-image' src='https://cdn.nakhl.example/a.jpg'></div><figcaption class='c-media-item__fig-caption'><span class='c-media-item__caption'>الرصيف بعد الترميم</span><span class='c-media-item__credit'>(سامر حنا)</span></figcaption></figure>"
        "<div class='b-byline'><span class='b-byline__by'>من</span> <span class='b-byline__names'><a class='c-link' href='/author/1'>هالة الشامي</a><span>و</span><a class='c-link' href='/author/2'>وسيم قاسم</a></span></div><time as='time' class='c-date b-date' datetime='2024-02-14T07:20:13.021Z'>فبراير 14, 2024 الساعة 9:20 صباحاً</time>"
        f"<article class='b-article-body'>{ps(A[:2], '<p class=^c-paragraph^>')}<aside class='c-interstitial-link'><p class='b-article-body__interstitial-link'>[<a href='/x'> {OTHERS[1]} </a>]</p></aside><h3 class='c-heading'>رسوم بلا زيادة</h3>{ps(A[2:], '<p class=^c-paragraph^>')}</article>"
        f"<div class='b-tags-list'><a class='c-pill'>موانئ</a></div></section><aside class='right-rail'><div class='b-results-list'>{cards('article class=^b-results-list__wrapper^', 'h2')}</div></aside></div><script>window.Fusion=window.Fusion||{{}};Fusion.globalContent={{}};</script></body>",
    ),
    expected={
        "title": TITLE_A,
        "text": lines(A[:2], "رسوم بلا زيادة", A[2:]),
        "deck": DECK_A,
        "authors": ("هالة الشامي", "وسيم قاسم"),
        "published_at": "2024-02-14T07:20:13+00:00",
        "section": "اقتصاد",
        "tags": ("موانئ", "تجارة"),
    },
)

_BRIGHTSPOT = Case(
    name="brightspot",
    url="https://nakhl.example/culture/article/fsifsa",
    html=document(
        f"<title>{TITLE_B} - تلفزيون الساحل</title><meta property='og:site_name' content='تلفزيون الساحل'><meta property='article:published_time' content='2024-02-13T18:05:11.5'><meta property='article:section' content='ثقافة'>"
        '<script type=\'application/ld+json\'>{"@context":"http://schema.org","@type":"NewsArticle","headline":"HL","datePublished":"2024-02-13T13:05:11-0500","author":[{"@context":"http://schema.org","@type":"Person","name":"سهى بركات"}]}</script>'.replace(
            "HL", TITLE_B
        ),
        "<body class='Page-body ArticlePage-body'><ps-header class='Page-header'><div class='Page-header-bar'></div></ps-header><div class='ArticlePage' data-page><div class='Page-content'><main class='ArticlePage-main'><div class='ArticlePage-breadcrumbs'><div class='Breadcrumbs'><a class='Link' href='/culture'>ثقافة</a></div></div>"
        f"<h1 class='ArticlePage-headline'>{TITLE_B}</h1><h2 class='ArticlePage-subHeadline'>{DECK_B}</h2><div class='ArticlePage-byline'><div class='ArticlePage-authorName'><span class='ArticlePage-authorBy'>كتابة</span> <a class='Link' href='/a/1'>سلوى نجار</a></div><div class='ArticlePage-datePublished'>13 فبراير 2024 | 20:05</div></div>"
        "<div class='ArticlePage-actions'><div class='ActionBar'><ul class='ActionBar-items'><li class='ActionBar-items-item'><a class='ActionLink'><span>Facebook</span></a></li></ul></div></div><div class='ArticlePage-lead'><figure class='Figure'><img class='Image' src='/l.jpg'><div class='Figure-content'><figcaption class='Figure-caption'>أرض البستان</figcaption><div class='Figure-credit'>دائرة الآثار</div></div></figure></div>"
        f"<div class='ArticlePage-articleContent'><div class='ArticlePage-articleBody'><div class='RichTextArticleBody RichTextBody'>{ps(B[:3])}<div class='Enhancement' data-align-center><div class='Enhancement-item'><ps-promo class='PromoA'><div class='PromoA-content'><div class='PromoA-title'><a class='Link' href='/n/1'>{OTHERS[5]}</a></div><div class='PromoA-description'>مقتطف طويل من خبر آخر عن معرض الكتاب الذي يفتح أبوابه هذا الأسبوع في المدينة.</div></div></ps-promo></div></div>{ps(B[3:])}</div></div></div>"
        f"<div class='ArticlePage-tags'><a class='Link' href='/tag/1'>آثار</a></div></main><aside class='Page-aside'><div class='ListC'>{cards('div class=^ListC-items-item^', 'div')}</div></aside></div></div></body>",
    ),
    expected={
        "title": TITLE_B,
        "text": lines(B),
        "deck": DECK_B,
        "authors": ("سهى بركات",),
        "published_at": "2024-02-13T18:05:11+00:00",
        "section": "ثقافة",
    },
)

CASES = (
    _JNEWS,
    _TAGDIV,
    _ELEMENTOR,
    _GUTENBERG,
    _DRUPAL7,
    _DRUPAL10,
    _JOOMLA,
    _K2,
    _BLOGGER,
    _DNN,
    _SPUTNIK,
    _NEXT_SHELL,
    _ARC,
    _BRIGHTSPOT,
)
