"""Stop 8: the dateline of a report: place and agency as printed before its first sentence."""

import re

from archive.search.arabic import fold
from crawler.article.people import is_person
from crawler.dating import calendars

# Places that stand in datelines and beside bylines, folded: capitals, big cities, "special".
_PLACES = """
دمشق حلب حمص حماه اللاذقيه طرطوس ادلب درعا السويداء القنيطره الرقه الحسكه القامشلي دير_الزور
بيروت طرابلس صيدا صور زحله بعلبك عمان اربد الزرقاء العقبه القدس القدس_المحتله غزه رام_الله نابلس
الخليل جنين بيت_لحم خان_يونس رفح الناصره حيفا بغداد البصره الموصل اربيل السليمانيه كركوك النجف
كربلاء الفلوجه الرياض جده مكه مكه_المكرمه المدينه_المنوره الدمام الاحساء تبوك ابها الطائف
القصيم بريده حائل جازان نجران الدوحه المنامه الكويت مسقط صلاله ابوظبي ابو_ظبي دبي الشارقه عجمان
راس_الخيمه الفجيره العين صنعاء عدن تعز الحديده المكلا مارب حضرموت القاهره الاسكندريه الجيزه
بورسعيد السويس الاسماعيليه المنصوره طنطا اسيوط سوهاج الاقصر اسوان المنيا الفيوم دمياط الخرطوم
ام_درمان بورتسودان جوبا بنغازي مصراته سبها تونس صفاقس سوسه الجزائر وهران قسنطينه عنابه الرباط
الدار_البيضاء مراكش فاس طنجه اغادير مكناس وجده العيون نواكشوط مقديشو جيبوتي طهران اصفهان انقره
اسطنبول موسكو واشنطن نيويورك لندن باريس برلين روما مدريد بروكسل جنيف فيينا لاهاي اثينا بكين
طوكيو نيودلهي اسلام_اباد كابول كييف سيول هونغ_كونغ تل_ابيب الفاتيكان اوتاوا استوكهولم اوسلو
كوبنهاغن وارسو بوخارست نيقوسيا لاغوس نيروبي اديس_ابابا ستراسبورغ عواصم سوريا لبنان مصر العراق
الاردن فلسطين السعوديه قطر البحرين اليمن السودان ليبيا المغرب موريتانيا الامارات تركيا ايران
ذي_قار ميسان المثني واسط ديالي صلاح_الدين الانبار الديوانيه بابل نينوي سامراء تكريت عفرين منبج
اعزاز الباب تدمر دوما جرابلس كوباني جونيه النبطيه الهرمل بنت_جبيل جرش الكرك معان المفرق السلط
ينبع نجد الباحه عرعر سكاكا الجوف ام_القيوين خورفكان نزوي صحار روي البريمي سيئون لحج ابين الضالع
شبوه زنجبار ذمار الزقازيق شبين_الكوم كفر_الشيخ دمنهور قنا الغردقه شرم_الشيخ العريش مرسي_مطروح
كسلا القضارف نيالا الفاشر الابيض درنه طبرق زليتن غريان بنزرت قابس القيروان المنستير نابل قفصه
تلمسان سطيف باتنه بجايه تطوان الناظور الحسيمه سلا القنيطره العرائش تونس_العاصمه نواذيبو
السماوه الكوفه الرمادي العماره الكوت بعقوبه الناصريه الحله الزبير تلعفر سنجار زاخو دهوك حلبجه
سلميه الباب جبله بانياس الزبداني داريا جسر_الشغور معره_النعمان سرمدا البوكمال
طبريا عكا يافا بئر_السبع طولكرم قلقيليه سلفيت اريحا ام_الفحم دير_البلح جباليا بيت_حانون بيت_لاهيا
زغرتا البترون جبيل عاليه الشوف راشيا مرجعيون حاصبيا عرسال الضاحيه المنصوريه عكار
مادبا عجلون الطفيله الرمثا بنها المحله الزقازيق رفح قليوب سيناء حلوان
خميس_مشيط القطيف عنيزه بيشه عفيف القنفذه الخرج صبيا عبري الرستاق خصب
زويه بني_وليد ترهونه الزاويه صبراته اجدابيا الكفره غدامس مرزق غات سرت
القصرين سيدي_بوزيد جندوبه باجه زغوان المهديه توزر تطاوين مدنين بن_عروس اريانه منوبه
البليده تيبازه بومرداس تيزي_وزو جيجل سكيكده المسيله الجلفه الاغواط ورقله غردايه بشار ادرار تمنراست
تندوف بسكره خنشله مستغانم سيدي_بلعباس عين_الدفلي الشلف غليزان
اسفي خريبكه بني_ملال ورزازات الراشيديه تازه الصويره كلميم الداخله برشيد سطات
ود_مدني كوستي عطبره دنقلا الجنينه الضعين زالنجي كادقلي الدمازين سنار شندي حلفا
كيفه روصو زويرات هرغيسا كسمايو بوصاصو
روسيا فرنسا بريطانيا المانيا ايطاليا اسبانيا اوكرانيا الولايات_المتحده محليات
"""
PLACES = frozenset(fold(place).replace("_", " ") for place in _PLACES.split())

_AGENCIES = """
رويترز|وكاله رويترز|ا ف ب|أ.ف.ب|اف ب|فرانس برس|وكاله فرانس برس|ا ب|أ.ب|اسوشيتد برس|اسوشيتدبرس|
د ب ا|د.ب.أ|الاناضول|وكاله الاناضول|سانا|وكاله سانا|واس|وام|قنا|بنا|كونا|العمانيه|بترا|وفا|معا|
صفا|واع|سبا|سبأ|وات|واج|و م ع|لاماب|وال|سونا|ا ش ا|أ ش أ|ق ن ا|شينخوا|نوفوستي|سبوتنيك|تاس|
ارنا|فارس|تسنيم|مهر|نينا|السومريه|افي|انسا|يو بي اي|بي بي سي|سي ان ان|cnn|bbc|afp|reuters|ap|
أسوشييتد برس|اسوشييتد برس|upi|dpa|anadolu|وكالات|الوكالات|وكاله|وكالات الانباء|العربيه نت|خاص
"""
AGENCIES = frozenset(fold(name).strip() for name in _AGENCIES.replace("\n", "").split("|"))
_UNNAMED = frozenset(
    {
        *("وكالات", "الوكالات", "وكاله", "وكالات الانباء", "خاص", "متابعه", "متابعات", "مراسله"),
        *("مراسلون", "رصد", "صحف", "مواقع"),
    }
)

_AGENCY_LIKE = re.compile(
    r"وكاله [\w ]{2,30}|[\w ]{2,20} (?:برس|نيوز)|مراسلنا|مراسلتنا|مكتب [\w ]{2,20}"
)
# What opens a sentence someone said, where a paper's name might stand: «القاهرة - الرئيس: …».
_SPEAKER_WORDS = """
الرئيس الوزير الحكومه الجيش المتحدث الناطق الشرطه البرلمان المجلس الرئاسه الخارجيه الداخليه الصحه
الدفاع الامم السفير المحافظ النائب الملك الامير السلطات المعارضه القضاء المحكمه النيابه البنك
"""
_SPEAKERS = frozenset(_SPEAKER_WORDS.split())
_MONTH = "|".join(
    map(re.escape, sorted(calendars.MONTHS | calendars.HIJRI_MONTHS, key=len, reverse=True))
)
_DAY = "|".join(map(re.escape, calendars.WEEKDAYS))
# The day that agencies print in their datelines, folded, with or without its year.
_DATE = re.compile(
    rf"[\s،,]+(?:(?:في|يوم)\s+)?(?:(?:{_DAY})[\s،,]*)?"
    rf"(?:\d{{1,2}}\s*(?:{_MONTH})(?:\s*/\s*(?:{_MONTH}))?(?:[\s،,]+\d{{4}})?|(?:{_DAY})(?!\w)"
    rf"|\d{{1,2}}[-/.]\d{{1,2}}[-/.]\d{{4}})(?:\s*(?:ه|م|هجري|ميلادي)(?!\w))?(?:\s+الموافق(?:\s*ل)?)?"
)
_CUT = re.compile(r"\s*(?:[:：]|(?<=[\s)\]])[-–—ـ]{1,2}(?=\s)|\.{2,3}|…)\s*")
_PIECES = re.compile(r"\s*(?:[\-–—ـ/،,|()\[\]«»\"“”:]|\s{2,})+\s*")
_PAPER = re.compile(r"ال\w{3,9}|(?:صحيفه|وكاله|جريده|موقع|شبكه|قناه) \w+(?: \w+)?")
_SPACED = re.compile(r"[\s.]+")
_LONGEST = 80


def is_place(text: str) -> bool:
    """Tell whether `text` is a place datelines name."""
    return fold(text).strip(" .:") in PLACES


def is_agency(text: str) -> bool:
    """Tell whether `text` is a news agency, named or not ("وكالات")."""
    folded = fold(text).strip(" :")
    known = folded in AGENCIES | _UNNAMED or _SPACED.sub(" ", folded).strip() in AGENCIES
    return known or _AGENCY_LIKE.fullmatch(folded) is not None


def is_unnamed_agency(text: str) -> bool:
    """Tell whether `text` says only that agencies reported."""
    return fold(text).strip(" .:") in _UNNAMED


def split_dateline(
    paragraph: str, names: frozenset[str] = frozenset(), *, first: bool = False
) -> tuple[str, str] | None:
    """Split a paragraph into its dateline and what follows it; None where it has no dateline.

    A dateline is made of places and agencies only (and of `names`, the folded names of the
    newspaper, and of days), a place or agency among them: «بيروت - رويترز:», «دمشق، سوريا (CNN)
    --», «عمّان 11 تشرين الثاني (بترا) --». A place that is not known counts before an agency that
    is, and a paper or agency that is not known after a place that is: «بيروت - الأخبار:».
    `first` tells that the text begins with it, and nobody is named in it: there a newspaper's own
    name makes a place of what stands beside it.
    """
    if _is_dateline(paragraph, names, closed=True, alone=first):
        return paragraph.strip(" :-–—"), ""
    found = None
    for cut in _CUT.finditer(paragraph[: _LONGEST + 20]):
        line = paragraph[: cut.start()]
        if _is_dateline(line, names, closed=":" in cut.group() or line.endswith(")")):
            found = line.strip(), paragraph[cut.end() :].strip()
    return found


def day_of(dateline: str) -> str | None:
    """Return the day that a dateline prints, folded; it may lack its year."""
    match = _DATE.search(fold(dateline))
    return match.group().strip(" ،,") if match else None


def _is_dateline(line: str, names: frozenset[str], *, closed: bool, alone: bool = False) -> bool:
    """Tell whether a line is a dateline; `closed` tells that a mark ends it, and no mere dash.

    `alone` tells that it is a whole paragraph: «الجريدة – مدينة ما» is one there.
    """
    if len(line) > _LONGEST:
        return False
    undated = _DATE.sub(" - ", fold(line))
    pieces = [piece for piece in _PIECES.split(undated.strip()) if piece.strip()]
    agencies = [is_agency(piece) and piece not in names for piece in pieces]
    known = [is_place(p) or a or p in names for p, a in zip(pieces, agencies, strict=True)]
    if any(agencies) and len(pieces) == 2 and not known[0] and known[1]:
        return 1 <= len(pieces[0].split()) <= 2
    if line.endswith(")") and known == [False, True] and pieces[1] in names:
        return 1 <= len(pieces[0].split()) <= 2
    if alone and known == [True, False] and pieces[0] in names:
        return 1 <= len(pieces[1].split()) <= 2 and not is_person(pieces[1].split())
    if closed and known == [True, False] and is_place(pieces[0]):
        return _PAPER.fullmatch(pieces[1]) is not None and pieces[1].split()[0] not in _SPEAKERS
    return all(known) and (any(agencies) or any(map(is_place, pieces)))
