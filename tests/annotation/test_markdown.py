"""Markdown by people is never markup of theirs."""

from __future__ import annotations

import pytest

from annotation.markdown import render


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "a <img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "[x](vbscript:x)",
        "<javascript:alert(1)>",
        "[x]: javascript:alert(1)\n\n[x]",
    ],
)
def test_nothing_runs(text: str) -> None:
    html = render(text)

    assert "<script" not in html
    assert "<img" not in html
    assert "href=" not in html


def test_pictures_become_links_so_that_no_third_party_is_asked() -> None:
    assert "<img" not in render("![seen](https://example.org/x.png)")
    assert 'href="https://example.org/x.png"' in render("![seen](https://example.org/x.png)")


def test_links_open_elsewhere_and_tell_nothing() -> None:
    assert 'target="_blank" rel="noopener noreferrer nofollow"' in render("[x](https://example.org)")


def test_headings_stand_below_those_of_the_page() -> None:
    assert render("# One\n\n##### Five") == "<h3>One</h3>\n<h6>Five</h6>\n"
