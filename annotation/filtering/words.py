"""Full-text search as people type it."""

from __future__ import annotations

from django.contrib.postgres.search import SearchQuery

from annotation.expressions import Condition, all_of, parse, write

SHORTEST_PREFIX = 2


def search_query(text: str) -> SearchQuery | None:
    """What people type: words (all of them), "phrases", -not, or; the last word may be a beginning."""
    text = text.strip()
    if not text:
        return None
    *_, last = text.split()
    if len(last) < SHORTEST_PREFIX or not last.isalnum() or last.lower() == "or" or text.count('"') % 2:
        return SearchQuery(text, config="simple", search_type="websearch")
    beginning = SearchQuery(f"{last.lower()}:*", config="simple", search_type="raw")
    rest = text[: -len(last)].strip()
    if not rest or rest.lower() == "or":
        return beginning
    if rest.lower().endswith(" or"):
        return SearchQuery(rest[:-3], config="simple", search_type="websearch") | beginning
    return SearchQuery(rest, config="simple", search_type="websearch") & beginning


def words_filter(where: str, words: str) -> str:
    """The filter `where`, and that these words are in the text: what a search box adds. Raises InvalidInput."""
    if not (words := words.strip()):
        return where
    return write(all_of([parse(where), Condition("text", operator="~", values=(words,))]))
