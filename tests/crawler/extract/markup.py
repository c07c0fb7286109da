"""What small pages of tests are made of: a headline, paragraphs, teasers, and a frame."""

# ruff: noqa: E501 - paragraphs and markup are harder to read cut up than long

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


def page(body: str, head: str = "") -> str:
    title = f"<title>{TITLE} - جريدة الساحل</title><meta property='og:site_name' content='جريدة الساحل'>"
    return f"<!DOCTYPE html><html><head>{title}{head}</head><body>{MENU}{body}{FOOT}</body></html>"


def ps(*paragraphs: str) -> str:
    return "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
