"""The same news in several languages, and pages of it."""

ARABIC = "قالت مصادر محلية إن الأهالي عادوا إلى بيوتهم بعد توقف المعارك في ريف المدينة. "


PERSIAN = "منابع محلی گفتند که مردم پس از پایان درگیری‌ها به خانه‌های خود بازگشتند. "


TYPED = "منابع محلي گفتند كه مردم پس از پايان درگيري‌ها به خانه‌هاي خود بازگشتند. "


URDU = "مقامی ذرائع نے کہا کہ لوگ لڑائی ختم ہونے کے بعد اپنے گھروں کو واپس آ گئے ہیں۔ "


KURDISH = "سەرچاوە ناوخۆییەکان گوتیان خەڵک دوای وەستانی شەڕ گەڕانەوە بۆ ماڵەکانیان. "


ENGLISH = "Local sources said that people returned home once the fighting had stopped. "


FRENCH = "Des sources locales ont déclaré que les habitants étaient rentrés à leur foyer. "


RUSSIAN = "Местные источники сообщили, что жители вернулись домой после прекращения боёв. "


CHINESE = "当地消息人士说，战斗停止后，人们回到了自己的家园。"


HEBREW = "מקורות מקומיים אמרו כי התושבים חזרו לבתיהם לאחר הפסקת הקרבות. "


TURKISH = "Yerel kaynaklar çatışmaların durmasının ardından halkın evlerine döndüğünü söyledi. "


AROUND = "<div class='col-md-8'><a href='/x?y=1&amp;z=2'>Home</a></div>" * 400


def page(text, *, times=3, lang="en", charset="utf-8", around=AROUND, encode="utf-8"):
    source = (
        f"<html lang={lang}><meta charset={charset}>{around}<p>{text * times}</p>{MENU * 0}{around}"
    )
    return source.encode(encode, "replace")


MENU = "<a>English</a> <a>العربية</a> <a>فارسی</a> <a>اردو</a> <a>Türkçe</a> <a>中文</a>"
