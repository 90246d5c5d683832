"""Filters of items: one language in pages, REST, snapshots and bulk actions. docs/filters.md tells all of it."""

from annotation.expressions import Condition, Expression, parse, quoted, write
from annotation.filtering.bounds import Bounds
from annotation.filtering.checking import EVERY_ITEM, Where, checked
from annotation.filtering.fields import FIELDS, Field, Scope, Test, about, of_items, register
from annotation.filtering.matching import matching

__all__ = [
    "EVERY_ITEM",
    "FIELDS",
    "Bounds",
    "Condition",
    "Expression",
    "Field",
    "Scope",
    "Test",
    "Where",
    "about",
    "checked",
    "matching",
    "of_items",
    "parse",
    "quoted",
    "register",
    "write",
]
