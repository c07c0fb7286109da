"""The language of a text, from its letters and its commonest words."""

import re
from collections import Counter

# Words that make up much of any text of a language and little of its neighbours'.
_WORDS = {
    "ar": "ال في من على إلى أن التي الذي عن مع هذا هذه كان قد لا ما بعد بين ذلك كما وقال وفي إن",
    "fa": "و در به از که این را با است برای آن های می بر یک تا کرد خود شد نیز شده باید",
    "ur": "کے میں کی ہے سے کا کو اور نے پر کہ ہیں یہ اس بھی تھا کر ایک نہیں گے",
    "ckb": "لە بە کە و بۆ ئەم ئەو لەگەڵ دەکات سەر کرد بوو هەر یان ئەوە نێوان هەیە",
    "en": "the of and to in a is that for on was with as by it at from be are this has have",
    "fr": "de la le et les des en un une du que est pour dans par sur au qui ne pas avec plus",
}
# Letters of one alphabet that the others on this list do without, and what one of them counts.
# Those of Persian are Urdu's and Kurdish's too; it is often typed with Arabic's yeh and kaf.
_LETTERS = {"ckb": ("ێۆڵڕەڤ", 8), "ur": ("ٹڈڑںےہھ", 8), "fa": ("پچژگیک", 3), "ar": ("ةىأإ", 6)}
_TYPED = str.maketrans("يك", "یک")
_ARTICLES = ("ال", "وال", "بال", "لل")
_COMMON = {language: frozenset(words.split()) for language, words in _WORDS.items()}
_WORD = re.compile(r"[^\W\d_]+(?:\u200c[^\W\d_]+)*")
_SAMPLE = 4000
_LEAST = 3  # words below which a text is too short to tell by


ARABIC_SCRIPT = ("ar", "fa", "ur", "ckb")


def changes_script(language: str | None, text: str) -> bool:
    """Tell whether a text is surely not in the script of a language of `detect`."""
    if language is None:
        return False
    words = _WORD.findall(text[:_SAMPLE])
    if len(words) < _LEAST:
        return False
    return _is_arabic(words) != (language in ARABIC_SCRIPT)


def _is_arabic(words: list[str]) -> bool:
    return sum("\u0600" <= word[0] <= "\u06ff" for word in words) * 2 >= len(words)


def detect(text: str) -> str | None:
    """Return the BCP 47 code of the language of `text`: ar, fa, ur, ckb, en or fr; None if unsure.

    Arabic-script text is told apart by letters first (ۆ is Kurdish, ے Urdu, ة Arabic), then by
    function words; Latin-script text by function words alone.
    """
    sample = text[:_SAMPLE]
    words = _WORD.findall(sample.lower())
    if len(words) < _LEAST:
        return None
    script = ARABIC_SCRIPT if _is_arabic(words) else ("en", "fr")
    counts = Counter(words)
    counts.update([word.translate(_TYPED) for word in words if "ي" in word or "ك" in word])
    counts["ال"] = sum(word.startswith(_ARTICLES) for word in words)
    scores = {one: _score(one, counts, sample, len(words)) for one in script}
    best = max(scores, key=lambda language: scores[language])
    return best if scores[best] > 0.02 else None


def _score(language: str, counts: Counter[str], sample: str, words: int) -> float:
    """Return how much of a text are a language's own words and letters."""
    alphabet, weight = _LETTERS.get(language, ("", 0))
    own = sum(map(sample.count, alphabet))
    if language == "fa" and not own:
        return 0.0
    common = sum(counts[word] for word in _COMMON[language])
    return common / words + weight * own / len(sample)
