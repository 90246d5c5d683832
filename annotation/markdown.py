"""Markdown by people to HTML that is safe to show: no HTML of theirs, no pictures from elsewhere, no scripts in links."""

from __future__ import annotations

from collections.abc import MutableMapping, Sequence
from functools import lru_cache
from typing import Any

from django.utils.safestring import SafeString
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import OptionsDict

# Pages have their own headings above these.
_HEADINGS_LOWER_BY = 2


@lru_cache(maxsize=64)
def render(text: str) -> SafeString:
    """HTML of a text in Markdown (CommonMark with tables and strikethrough)."""
    return SafeString(_MARKDOWN.render(text))  # html=False escapes what people wrote


class _Renderer(RendererHTML):
    def heading_open(
        self, tokens: Sequence[Token], at: int, options: OptionsDict, env: MutableMapping[str, Any]
    ) -> str:
        return f"<{_lower(tokens[at].tag)}>"

    def heading_close(
        self, tokens: Sequence[Token], at: int, options: OptionsDict, env: MutableMapping[str, Any]
    ) -> str:
        return f"</{_lower(tokens[at].tag)}>\n"

    def link_open(
        self, tokens: Sequence[Token], at: int, options: OptionsDict, env: MutableMapping[str, Any]
    ) -> str:
        tokens[at].attrs |= {"target": "_blank", "rel": "noopener noreferrer nofollow"}
        return self.renderToken(tokens, at, options, env)


def _lower(tag: str) -> str:
    return f"h{min(6, int(tag[1:]) + _HEADINGS_LOWER_BY)}"


# A picture would be a request to a third party: its text remains, as a link.
_MARKDOWN = MarkdownIt("js-default", {"html": False}, renderer_cls=_Renderer).disable("image")
