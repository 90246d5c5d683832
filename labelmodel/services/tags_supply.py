"""Tags for the labeling functions that vote by them. Loads no numerical library before one runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from annotation.models import Project, Tag
from labelmodel.further_kinds import LOADERS
from labelmodel.services.function_supplies import SUPPLIES, Definition, Supply, missing

if TYPE_CHECKING:
    from labelmodel.services.tag_kind import Ints, Tagged

# A tag is of one project, and so are the items that have it.
_TAGGED = """
SELECT item_id, tag_id FROM annotation_itemtag
WHERE item_id = ANY(%(items)s) AND tag_id = ANY(%(tags)s) ORDER BY item_id, tag_id
"""


def add() -> None:
    """Let there be functions that vote by tags."""
    LOADERS.append(_register)
    SUPPLIES["tags"] = Supply(_complete, _resources)


def _register() -> None:
    import labelmodel.services.tag_kind  # noqa: F401


def _complete(project: Project, question: str, definition: Definition) -> Definition:
    known = set(_numbers(project, definition))
    for place, rule in enumerate(definition["rules"]):
        for key in ("any", "all", "not"):
            for at, tag in enumerate(rule.get(key, ())):
                if tag not in known:
                    message = f"There is no tag “{tag}” in this project. Tag items in the data table first."
                    raise missing(message, "rules", place, key, at)
    return definition


def _resources(project: Project, question: str, definition: Definition) -> dict[str, Any]:
    return {"tags": _numbers(project, definition), "tagged": _tagged()}


def _numbers(project: Project, definition: Definition) -> dict[str, int]:
    named = {
        tag for rule in definition["rules"] for key in ("any", "all", "not") for tag in rule.get(key, ())
    }
    return dict(Tag.objects.filter(project=project, name__in=named).values_list("name", "pk"))


def _tagged() -> Tagged:
    from labelmodel.services import packed

    def found(items: Ints, tags: list[int]) -> tuple[Ints, Ints]:
        of, which = packed.columns(_TAGGED, {"items": items.tolist(), "tags": tags}, ["int8", "int8"])
        return of, which

    return found
