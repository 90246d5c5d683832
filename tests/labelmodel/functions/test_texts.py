"""How texts are prepared."""

import sys
import unicodedata

import polars as pl

from labelmodel.functions.batch import composed


def test_every_character_is_composed_as_unicode_says():
    known = [
        chr(code) for code in range(sys.maxunicode + 1) if unicodedata.category(chr(code)) not in ("Cs", "Cn")
    ]
    parts = (unicodedata.decomposition(one) for one in known)
    seconds = {part.split()[1] for part in parts if part.count(" ") == 1 and not part.startswith("<")}
    texts = [*known, *(f"a{one}" for one in known), *(f"{one}\u0301" for one in known[:5_000])]
    texts += [
        unicodedata.normalize("NFD", one) + chr(int(second, 16)) for second in seconds for one in "aoκक가ㄱ"
    ]

    made = composed(pl.Series([*texts, None])).to_list()

    assert made[-1] is None
    assert [
        (text, one)
        for text, one in zip(texts, made, strict=False)
        if one != unicodedata.normalize("NFC", text)
    ] == []


def test_nothing_that_is_given_is_changed():
    given = pl.Series(["e\u0301"])

    assert composed(given).to_list() == ["é"]
    assert given.to_list() == ["e\u0301"]
