"""The numbers, negations and quotations of a text, however they are written."""

import pytest

from archive.meaning import negations, numbers, quotations


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("٢٣ و۲۳ و23", "23 23 23"),
        ("ثلاثة وعشرون", "23"),
        ("1,200 ١٬٢٠٠، ألف ومئتان", "1200 1200 1200"),
        ("أربعة عشر، خمسة عشر ألفا", "14 15000"),
        ("3 ملايين، 3,000,000، مليون وثلاثمئة ألف، 1.5 مليون", "3000000 3000000 1300000 1500000"),
        ("12.5 12,5 ١٢٫٥", "12.5 12.5 12.5"),
        ("20% ٢٠٪ 20 بالمئة عشرون في المئة", "20 100 20 100 20 100 20 100"),
        ("-5 درجات، كوفيد-19، 2019-2020", "-5 19 2019 2020"),
        ("بخمسة، وستة، ولد الأحد واحد", "5 6 1"),
        ("9" * 5000, "9" * 5000),
    ],
)
def test_numbers_are_read_in_digits_and_words(text, expected):
    assert sorted(numbers(text).elements()) == sorted(expected.split())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('«نعم» و“لا” و"ربما"', {"نعم", "لا", "ربما"}),
        ("«قال “لا” ومضى»", {"قال لا ومضي", "لا"}),
        ("”معكوس“ و«بلا نهاية", {"معكوس", "بلا نهايه"}),
        ("» لا شيء", set()),
        ("«" * 50 + "عميق" + "»" * 50, {"عميق"}),
    ],
)
def test_quotations_are_read_with_nested_ones(text, expected):
    assert set(quotations(text)) == expected


def test_negations_are_read_with_their_particles_and_not_where_nothing_is_denied():
    text = "لم يقل ولا ما زال، وليس صحيحا. غير أن فلن؛ أليس؟ didn't"
    assert set(negations(text)) == {"لم", "ولا", "وليس", "فلن", "اليس", "didn"}
