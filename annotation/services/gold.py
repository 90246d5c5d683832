"""Gold questions: items whose answer is known, shown blind among the others to check people (or kept from them)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from django.db import transaction
from django.db.models import F

from annotation.errors import Conflict, Fault, InvalidAnswer, InvalidInput, NotFound
from annotation.importing.records import Refused
from annotation.importing.shaping import LONGEST_KEY, Plan, Shaped, Shaper
from annotation.models import Adjudication, GoldQuestion, Item, Media, Project, Schema, User
from annotation.questions.checks import is_number
from annotation.roles import Action
from annotation.services import consensus, gold_sql, gold_use, hot, queue, words
from annotation.services.access import check
from annotation.services.gold_use import Use
from annotation.services.import_options import field_types, limits
from annotation.services.readings import form_of, read_answer

MOST_AT_ONCE = 1000
LONGEST_EXPLANATION = 5000


@dataclass(frozen=True, slots=True)
class Known:
    """A known answer: to the item with this key, or to a new item with this payload (and key, if one is given).

    Without a `use` it stays what it is; a new one is for people.
    """

    answer: Any
    key: str | None = None
    payload: dict[str, Any] | None = None
    tolerance: Mapping[str, Any] | None = None
    explanation: str = ""
    use: str | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """How many gold questions are new, how many got another answer, and what was refused, by position."""

    created: int
    updated: int
    faults: tuple[Fault, ...]


@dataclass(frozen=True, slots=True)
class _Sound:
    """A known answer that passed its checks; `new` is the item to add for it."""

    new: Shaped | None
    known: Known
    answer: dict[str, Any]


@transaction.atomic
def put(*, project: Project, by: User, items: Sequence[Known]) -> Kept:
    """Keep known answers; the ones with faults are refused by themselves. The last answer given for an item holds.

    Raises NotAllowed, NotFound, Conflict without a schema, and InvalidInput when all of them have faults.
    """
    check(user=by, project=project, action=Action.CONFIGURE)
    if project.schema is None:
        raise Conflict("This project has no questions yet; publish a schema first.")
    if len(items) > MOST_AT_ONCE:
        raise InvalidInput(f"At most {MOST_AT_ONCE} gold questions are taken at once; send more requests.")
    sound, faults = _sorted_out(project, project.schema, items)
    if items and not sound:
        raise InvalidInput("None of the gold questions could be kept; see errors.", faults=faults)
    # Members before items, as submit does: an answer that comes now finds the item as it was, or as a gold question.
    queue.lock_members(project_id=project.pk)
    _make_items(project, sound)
    ids = dict(Item.objects.filter(project=project, key__in=list(sound)).values_list("key", "pk"))
    had = dict(GoldQuestion.objects.filter(item__in=ids.values()).values_list("item_id", "holdout"))
    fresh = sorted(set(ids.values()) - had.keys())
    holdout = {ids[key]: _is_holdout(one.known, had.get(ids[key], False)) for key, one in sound.items()}
    gold_use.keep_apart([item for item, apart in holdout.items() if apart and not had.get(item)])
    gold_use.give_to_people([item for item, apart in holdout.items() if had.get(item) and not apart])
    queue.take_assignments_back(fresh)
    hot.rows(gold_sql.BECOME_GOLD, {"items": fresh})
    evidence = consensus.inferred(items=fresh)
    GoldQuestion.objects.bulk_create(
        (
            _gold(project.schema, by, ids[key], one, evidence.get(ids[key], {}), holdout=holdout[ids[key]])
            for key, one in sound.items()
        ),
        update_conflicts=True,
        unique_fields=["item"],
        update_fields=["schema", "answer", "tolerance", "explanation", "holdout"],
    )
    consensus.know(
        project=project, schema=project.schema, answers={ids[key]: one.answer for key, one in sound.items()}
    )
    return Kept(created=len(ids) - len(had), updated=len(had), faults=tuple(faults))


def _is_holdout(known: Known, before: bool) -> bool:
    return before if known.use is None else known.use == Use.HOLDOUT


@transaction.atomic
def remove(*, project: Project, by: User, item_id: int) -> None:
    """Make an ordinary item of a gold question; its answers stay, and what an expert had decided before holds again.

    Raises NotAllowed, NotFound.
    """
    check(user=by, project=project, action=Action.CONFIGURE)
    # Members before items, as submit does; an answer to it that comes now is judged before or not at all.
    queue.lock_members(project_id=project.pk)
    deleted, _ = GoldQuestion.objects.filter(project=project, item=item_id).delete()
    if not deleted:
        raise NotFound("This item is no gold question.")
    hot.rows(gold_sql.LOOKED_AT, {"items": [item_id]})
    gold_use.give_to_people([item_id])
    is_full = hot.one(gold_sql.BECOME_ORDINARY, {"item": item_id}).is_full
    consensus.forget(project_id=project.pk, item_id=item_id, status="known")
    if not _decided_before(project, item_id) and is_full and project.schema_id:
        consensus.settle(item_id=item_id, schema_id=project.schema_id)
    queue.rewind_all(project_id=project.pk)


def _decided_before(project: Project, item_id: int) -> bool:
    """Whether an expert's decision holds that was made before the item became a gold question; it is put back."""
    last = Adjudication.objects.filter(item=item_id).select_related("schema").order_by("-pk").first()
    if last is None or last.kind != Adjudication.Kind.DECIDED:
        return False
    assert last.schema is not None, "a decision was made under a schema"
    assert last.answer is not None, "a decision is an answer"
    assert project.schema is not None, "there was a schema then, so there is one now"
    answer, lacking = read_answer(last.schema, project.schema, last.answer)
    if lacking:
        return False
    consensus.decide(project=project, schema=project.schema, item_id=item_id, answer=answer)
    Item.objects.filter(pk=item_id).exclude(state=Item.State.RETIRED).update(
        state=Item.State.RESOLVED, doubt=0.0
    )
    return True


@transaction.atomic
def rotate(*, project: Project, by: User) -> int:
    """Begin a new rotation: everybody may get every gold question once more. Returns its number."""
    check(user=by, project=project, action=Action.CONFIGURE)
    Project.objects.filter(pk=project.pk).update(gold_rotation=F("gold_rotation") + 1)
    GoldQuestion.objects.filter(project=project, exposures__gt=0).update(exposures=0)
    project.refresh_from_db(fields=["gold_rotation"])
    return project.gold_rotation


def listed(*, project: Project, by: User, after: int = 0, limit: int = 100) -> list[GoldQuestion]:
    """Gold questions by item id. Raises NotAllowed, NotFound."""
    check(user=by, project=project, action=Action.CONFIGURE)
    found = GoldQuestion.objects.filter(project=project, item_id__gt=after).order_by("item_id")
    return list(found.select_related("item", "schema", "created_by")[:limit])


def _sorted_out(
    project: Project, schema: Schema, items: Sequence[Known]
) -> tuple[dict[str, _Sound], list[Fault]]:
    """What can be kept, by key, and what is wrong with the rest."""
    shaper = Shaper(Plan(fields=field_types(project)), limits())
    shaped = [
        None if one.payload is None else shaper.shape(dict(one.payload), n) for n, one in enumerate(items)
    ]
    keys = [
        one.key or (made.key if isinstance(made, Shaped) else "")
        for one, made in zip(items, shaped, strict=True)
    ]
    there = dict(Item.objects.filter(project=project, key__in=keys).values_list("key", "digest"))
    pictures = _pictures(project, shaped)
    sound: dict[str, _Sound] = {}
    faults: list[Fault] = []
    for position, (key, known, made) in enumerate(zip(keys, items, shaped, strict=True)):
        found = [*_faults(schema, known), *_item_faults(key, made, there, pictures)]
        faults += (Fault(("items", position, *fault.path), fault.message) for fault in found)
        if not found and not isinstance(made, Refused):
            new = None if key in there else made
            sound[key] = _Sound(new, known, form_of(schema.pk).clean(known.answer))
    return sound, faults


def _pictures(project: Project, shaped: Sequence[Shaped | Refused | None]) -> set[str]:
    """Which of the images that these items show are there."""
    names = {name for made in shaped if isinstance(made, Shaped) for _, name in made.images}
    return set(Media.objects.filter(project=project, name__in=names).values_list("name", flat=True))


def _item_faults(
    key: str, made: Shaped | Refused | None, there: Mapping[str, Any], pictures: set[str]
) -> Iterator[Fault]:
    if isinstance(made, Refused):
        yield Fault(("payload", made.field) if made.field else ("payload",), made.message)
    elif made is None and key and key not in there:
        yield Fault(("key",), "There is no item with this key; give a payload to add one.")
    elif made is not None and key in there and bytes(there[key]) != made.digest:
        yield Fault(
            ("payload",), "There is an item with this key and another payload; leave the payload out."
        )
    for field, name in made.images if isinstance(made, Shaped) else ():
        if name not in pictures:
            yield Fault(("payload", field), "The project has no image of this name; import it first.")


def _faults(schema: Schema, known: Known) -> Iterator[Fault]:
    try:
        form_of(schema.pk).clean(known.answer)
    except InvalidAnswer as error:
        yield from (Fault(("answer", *fault.path), fault.message) for fault in error.faults)
    if known.key is not None and not 0 < len(known.key) <= LONGEST_KEY:
        yield Fault(("key",), f"A key has 1 to {LONGEST_KEY} characters.")
    if known.key is None and known.payload is None:
        yield Fault((), "Give the key of an item, or a payload to add one.")
    if len(known.explanation) > LONGEST_EXPLANATION:
        yield Fault(("explanation",), f"An explanation has at most {LONGEST_EXPLANATION} characters.")
    if known.use is not None and known.use not in set(Use):
        yield Fault(("use",), "A known answer is for people or for a holdout.")
    names = {question["name"] for question in schema.questions}
    for name, value in (known.tolerance or {}).items():
        if name not in names:
            yield Fault(("tolerance", name), "There is no such question.")
        elif not is_number(value) or value < 0:
            yield Fault(("tolerance", name), "A tolerance is a number, 0 or more.")


def _make_items(project: Project, sound: Mapping[str, _Sound]) -> None:
    """Add the items that are not there yet."""
    wanted = project.annotations_per_item
    made = [
        Item(
            project=project,
            key=key,
            payload=orjson.loads(one.new.body),
            digest=one.new.digest,
            wanted=wanted,
            open_slots=wanted,
        )
        for key, one in sound.items()
        if one.new
    ]
    if not made:
        return
    # An import may bring the same key at this very moment; then its item serves.
    Item.objects.bulk_create(made, ignore_conflicts=True)
    added = Item.objects.filter(project=project, key__in=[item.key for item in made])
    words.index(item_ids=list(added.values_list("pk", flat=True)))
    # New items stand last among equals, but a member's cursor may be past that place.
    queue.rewind_all(project_id=project.pk)


def _gold(
    schema: Schema, by: User, item_id: int, one: _Sound, evidence: dict[str, Any], *, holdout: bool
) -> GoldQuestion:
    return GoldQuestion(
        item_id=item_id,
        project_id=schema.project_id,
        schema=schema,
        answer=one.answer,
        tolerance=dict(one.known.tolerance or {}),
        explanation=one.known.explanation,
        evidence=evidence,
        holdout=holdout,
        created_by=by,
    )
