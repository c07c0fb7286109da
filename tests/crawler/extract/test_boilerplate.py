"""Lines inside a body that are none of the article go; sentences of news never do."""

import gzip
from pathlib import Path

import pytest
from lxml import html

from archive.search.arabic import fold
from crawler.extract.blocks import Block
from crawler.extract.boilerplate import _uncounted, is_surplus, paragraphs
from crawler.extract.byline import signature

NEWS = Path(__file__).resolve().parents[3] / ".." / "shared" / "arabic" / "news-sentences.txt.gz"
PARAGRAPH = html.fragment_fromstring("<div><p>أ</p><p>ب</p></div>")[0]

SURPLUS = (
    "اقرأ أيضاً: ارتفاع أسعار السمك في المدينة",
    "إقرأ أيضا",
    "شاهد أيضاً..",
    "مواضيع ذات صلة:",
    "قد يهمك أيضا",
    "للمزيد من الأخبار تابعونا",
    "تابعونا على فيسبوك وتويتر",
    "لمتابعة آخر الأخبار عبر تطبيق الساحل اضغط هنا",
    "شارك الخبر",
    "جميع الحقوق محفوظة لجريدة الساحل 2023",
    "الآراء الواردة في المقال لا تعبر عن رأي الموقع",
    "لن يتم نشر عنوان بريدك الإلكتروني",
    "الكلمات المفتاحية: صيد، أسواق",
    "الوسوم",
    "المصدر: وكالات",
    "تصوير: علي كامل",
    "طباعة",
    "* * *",
    "— بلدية المرجان (@marjan) December 26, 2023",
    "مدة القراءة: 3 دقائق",
    "مدة القراءة دقيقتان",
    "وقت القراءة: أقل من دقيقة",
    "قراءة 5 دقائق",
    "3 دقائق قراءة | 1,204 مشاهدة | 12 تعليقاً",
    "عدد المشاهدات: 3456",
    "120 كلمة",
    "حجم الخط أ+ أ-",
    "تكبير الخط تصغير الخط طباعة إرسال إلى صديق",
    "فيسبوك تويتر واتساب نسخ الرابط أ+ أ-",
    "استمع إلى المقال الصوت بتقنية آلية 00:00 / 03:21 1x",
    "شارك عبر فيسبوك تويتر",
    "طباعة المقال",
    "اقرأ/ي أيضاً: ارتفاع أسعار السمك",
    "اقرؤوا أيضاً",
    "أقرأ أيضًا | ارتفاع الأسعار",
    "طالع أيضاً: ارتفاع أسعار السمك",
    "نرشح لك: ارتفاع أسعار السمك",
    "شاهد: لحظة افتتاح السوق",
    "لا يفوتك: افتتاح السوق",
    "موضوعات متعلقة",
    "أدخل بريدك الإلكتروني",
    "سجّل في نشرتنا البريدية",
    "النشرة البريدية",
    "استطلاع رأي",
    "محتوى إعلاني",
    "هل أعجبك المقال؟",
    "حقوق إعادة النشر محفوظة للمشتركين في خدمات الوكالة.",
    "تابع صوت النخل على واتساب من هنا",
    "لمتابعة أهم الأخبار اشترك في قناتنا على يوتيوب",
    "#الموانئ #رأس_النخل",
    "قد ترغب في قراءة: ارتفاع أسعار السمك",
    "لمزيد من الأخبار: صفحة الاقتصاد",
    "المزيد من المقالات",
    "أخبار ذات صلة: ارتفاع أسعار السمك.",
    "يمنع نسخ أي مادة من هذا الموقع أو إعادة نشرها.",
    "رويترز",
    "A post shared by Port (@port)",
    "ألبوم صور",
)


@pytest.mark.parametrize("line", SURPLUS)
def test_surplus_goes(line: str):
    assert is_surplus(Block(text=line, element=PARAGRAPH), fold(line).strip())


KEPT = (
    "انتظار طويل",
    "تابع الوزير حديثه قائلاً إن الحكومة ستدرس الطلب الأسبوع المقبل.",
    "شاركنا السياح قدرنا في هذا اليوم، وكان معظمهم من سائقي الدراجات النارية القادمين من بعيد.",
    "قد يهم هذا القرار آلاف الموظفين.",
    "المصدر الذي طلب عدم نشر اسمه أكد الخبر.",
    "صور الأقمار الاصطناعية تظهر حجم الدمار.",
    "إعلان حالة الطوارئ في ثلاث محافظات",
    "تصويب: ورد في نسخة سابقة من هذا الخبر أن السوق يضم تسعين محلاً.",
    "1. انتظار طويل",
    "شاهد عيان: كان الدخان يغطي السماء.",
    "استطلاع رأي جديد يظهر تقدم المعارضة",
    "كيف تقرأ 3 كتب في شهر؟",
    "طباعة الكتب المدرسية تتأخر",
    "ثلاث دقائق من الصمت",
    "10:15",
    "- عيادة متنقلة في المنامة",
    "تعليقات الوزراء على القرار",
    "وقت القراءة عند الأطفال",
    "فيسبوك تحظر حسابات",
    "شاهد أكثر من مليون شخص المباراة النهائية.",
    "قد ترغب الحكومة في تمديد العقد سنة أخرى.",
    "أخبار أخرى وصلت من الجبهة تفيد بأن المعارك مستمرة.",
    "المزيد من التفاصيل كشفها التحقيق الذي نشر أمس.",
    "لمزيد من الأمان، أغلقت البلدية الشارع أمام السيارات.",
    "تابعوا الجلسة من شرفات المبنى حتى ساعة متأخرة.",
    "اشترك في المسابقة خمسون طالباً.",
    "شارك مع فريقه في البطولة.",
    "انضم إلى الحزب عام 1990.",
    "وهذا القانون يمنع إعادة اللاجئين قسراً إلى بلادهم.",
    "مصادر: الحكومة ستقدم استقالتها غداً",
    "رويترز: مقتل خمسة أشخاص في انفجار بالميناء",
)


@pytest.mark.parametrize("line", KEPT)
def test_the_article_stays(line: str):
    assert not is_surplus(Block(text=line, element=PARAGRAPH), fold(line).strip())


def test_sentences_of_real_news_stay():
    if not NEWS.is_file():
        pytest.skip("../shared is not here")
    text = gzip.decompress(NEWS.read_bytes()).decode()
    sentences = [line for line in text.splitlines() if line.strip()]
    blocks = [Block(text=line, element=PARAGRAPH) for line in sentences]
    assert [b.text for b in blocks if is_surplus(b, fold(b.text).strip())] == []
    assert [line for line in sentences if signature(line)] == []
    for begun in (False, True):
        assert [s for s in sentences if _uncounted(s, fold(s), begun=begun) != s] == []


def test_a_closing_list_of_articles_goes_with_its_label():
    lines = [f"هذه فقرة من المقال رقمها {n} وهي طويلة بما يكفي لتكون فقرة." for n in range(6)]
    blocks = [Block(text=line, element=PARAGRAPH) for line in lines]
    label = Block(text="أخبار ذات صلة", element=PARAGRAPH)
    linked = [Block(text=f"خبر آخر {n}", element=PARAGRAPH, link_share=0.9) for n in range(4)]
    assert paragraphs([*blocks, label, *linked]) == lines
    assert paragraphs([*blocks[:3], label, *linked, *blocks[3:]]) == lines
