"""What people put on an item: flags, comments, tags; and what it is known to be."""

from __future__ import annotations

from django.db.models import Q

from annotation.expressions import Condition
from annotation.filtering.fields import EQUAL, FLAG, Field, Scope, Test, Unfit, about
from annotation.models import Alike, Comment, Flag, GoldQuestion, ItemTag, Lease, Tag


def _flagged(scope: Scope, condition: Condition) -> Test:
    return about(Flag.objects.filter(closed_at=None, item__project=scope.project), ordered=True)


def _flag(scope: Scope, condition: Condition) -> Test:
    rows = Flag.objects.filter(closed_at=None, reason__icontains=condition.values[0])
    return about(rows.filter(item__project=scope.project), ordered=True)


def _commented(scope: Scope, condition: Condition) -> Test:
    return about(Comment.objects.filter(item__project=scope.project), ordered=True)


def _comment(scope: Scope, condition: Condition) -> Test:
    rows = Comment.objects.filter(body__icontains=condition.values[0], item__project=scope.project)
    return about(rows, ordered=True)


def _tag(scope: Scope, condition: Condition) -> Test:
    ids = dict(Tag.objects.filter(project=scope.project).values_list("name", "pk"))
    for value in condition.values:
        if value not in ids:
            raise Unfit(f"There is no tag “{value[:60]}” in this project.")
    wanted = [ids[value] for value in condition.values]
    return about(ItemTag.objects.filter(tag__in=wanted), ordered=len(wanted) == 1)


def _assigned(scope: Scope, condition: Condition) -> Test:
    # Two conditions, one for each index.
    rows = Lease.objects.filter(Q(state="assigned") | Q(state="active", assigned=True), project=scope.project)
    if not condition.operator:
        return about(rows, indexed=False)
    members = scope.project.memberships.filter(user__username__in=condition.values)
    people = dict(members.values_list("user__username", "user"))
    for value in condition.values:
        if value not in people:
            raise Unfit(f"{value[:60]} is not a member of this project.")
    return about(rows.filter(annotator__in=people.values()))


def _alike(scope: Scope, condition: Condition) -> Test:
    return about(Alike.objects.filter(item__project=scope.project), ordered=True)


def _gold(scope: Scope, condition: Condition) -> Test:
    return about(GoldQuestion.objects.filter(project=scope.project), ordered=True)


FIELDS = (
    Field("flagged", "Somebody's flag is open.", "flagged", "flag", FLAG, _flagged),
    Field("flag", "An open flag says this.", 'flag ~ "wrong language"', "text", ("~",), _flag, slow=("~",)),
    Field("commented", "Somebody has commented.", "commented", "flag", FLAG, _commented),
    Field("comment", "A comment says this.", "comment ~ typo", "text", ("~",), _comment, slow=("~",)),
    Field(
        "tag",
        "A tag that was put on it.",
        "tag = hard",
        "choice",
        EQUAL,
        _tag,
        choices=lambda project: list(project.tags.values_list("name", flat=True)[:500]),
    ),
    Field(
        "assigned",
        "To whom it is assigned, by username; alone: to anybody.",
        "assigned = anna",
        "choice",
        (*EQUAL, ""),
        _assigned,
        choices=lambda project: list(project.memberships.values_list("user__username", flat=True)[:500]),
    ),
    Field("alike", "It is nearly the same as an earlier item.", "alike", "flag", FLAG, _alike),
    Field("gold", "It is a gold question.", "gold", "flag", FLAG, _gold, secret=True),
)
