"""Filters of items: one language in pages, REST, snapshots and bulk actions. docs/filters.md tells all of it."""

from annotation.expressions import LONGEST, Condition, Expression, parse, quoted, write
from annotation.filtering.bounds import Bounds
from annotation.filtering.checking import EVERY_ITEM, Where, checked, with_rows
from annotation.filtering.counting import COUNTED, Counted, counted
from annotation.filtering.fields import FIELDS, Field, Scope, Test, about, of_items, register
from annotation.filtering.finding import Found, find, page_ids
from annotation.filtering.limits import time_limit
from annotation.filtering.matching import matching, sql
from annotation.filtering.words import words_filter

__all__ = [
    "COUNTED",
    "EVERY_ITEM",
    "FIELDS",
    "LONGEST",
    "Bounds",
    "Condition",
    "Counted",
    "Expression",
    "Field",
    "Found",
    "Scope",
    "Test",
    "Where",
    "about",
    "checked",
    "counted",
    "find",
    "matching",
    "of_items",
    "page_ids",
    "parse",
    "quoted",
    "register",
    "sql",
    "time_limit",
    "with_rows",
    "words_filter",
    "write",
]
