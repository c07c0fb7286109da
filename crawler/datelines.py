"""Stop 8: the dateline of a report: place and agency as printed before its first sentence."""

import re

from archive.arabic import fold

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
_UNNAMED = frozenset({"وكالات", "الوكالات", "وكاله", "وكالات الانباء", "خاص"})

_AGENCY_LIKE = re.compile(
    r"وكاله [\w ]{2,30}|[\w ]{2,20} (?:برس|نيوز)|مراسلنا|مراسلتنا|مكتب [\w ]{2,20}"
)
_CUT = re.compile(r"\s*(?:[:：]|(?<=[\s)\]])[-–—ـ]{1,2}(?=\s)|\.{2,3}|…)\s*")
_PIECES = re.compile(r"\s*(?:[\-–—ـ/،,|()\[\]«»\"“”:]|\s{2,})+\s*")
_SPACED = re.compile(r"[\s.]+")
_LONGEST = 80


def is_place(text: str) -> bool:
    """Tell whether `text` is a place datelines name."""
    return fold(text).strip(" .:") in PLACES


def is_agency(text: str) -> bool:
    """Tell whether `text` is a news agency, named or not ("وكالات")."""
    folded = fold(text).strip(" :")
    known = folded in AGENCIES or _SPACED.sub(" ", folded).strip() in AGENCIES
    return known or _AGENCY_LIKE.fullmatch(folded) is not None


def is_unnamed_agency(text: str) -> bool:
    """Tell whether `text` says only that agencies reported."""
    return fold(text).strip(" .:") in _UNNAMED


def split_dateline(paragraph: str, names: frozenset[str] = frozenset()) -> tuple[str, str] | None:
    """Split a paragraph into its dateline and what follows it; None where it has no dateline.

    A dateline is made of places and agencies only (and of `names`, the folded names of the
    newspaper), a place or agency among them: «بيروت - رويترز:», «دمشق، سوريا (CNN) --». A place
    that is not known counts before an agency that is.
    """
    if _is_dateline(paragraph, names):
        return paragraph.strip(" :-–—"), ""
    found = None
    for cut in _CUT.finditer(paragraph[: _LONGEST + 20]):
        if _is_dateline(paragraph[: cut.start()], names):
            found = paragraph[: cut.start()].strip(), paragraph[cut.end() :].strip()
    return found


def _is_dateline(line: str, names: frozenset[str]) -> bool:
    if len(line) > _LONGEST:
        return False
    pieces = [piece for piece in _PIECES.split(line.strip()) if piece.strip()]
    agencies = [is_agency(piece) for piece in pieces]
    known = [is_place(p) or a or fold(p) in names for p, a in zip(pieces, agencies, strict=True)]
    if any(agencies) and len(pieces) == 2 and not known[0] and known[1]:
        return 1 <= len(pieces[0].split()) <= 2
    return all(known) and any(map(_is_source, pieces))


def _is_source(piece: str) -> bool:
    return is_place(piece) or is_agency(piece)
