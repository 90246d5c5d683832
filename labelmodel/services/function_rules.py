"""What rules of labeling functions may speak of in a project, and whether one can be used.

The room of functions loads numerical libraries, so it is imported where it is needed: whoever only lists functions needs none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from annotation.errors import Fault, InvalidInput
from annotation.models import Project, Schema
from annotation.questions import QUESTION_TYPES
from annotation.questions.types import Question
from annotation.services import hot
from labelmodel.models import FunctionVersion, WeakSettings
from labelmodel.services import function_supplies, function_tables, llm_endpoints
from labelmodel.services.function_supplies import SUPPLIES
from labelmodel.services.llm_endpoints import PATIENT, Asking

if TYPE_CHECKING:
    from labelmodel import functions

# So many of the oldest and of the newest items tell which fields there are.
SAMPLED = 100
MOST_FIELDS = 200
UNTESTABLE = (
    "Functions of this kind look at items, not at what a test says: take the test away, and see the trial."
)
ASKED_IN_TRIAL = "Functions of this kind ask others, so tests run with the trial on a sample."
_FIELDS = """
SELECT k.key AS name, count(*) FILTER (WHERE jsonb_typeof(k.value) <> 'null') > 0
       AND bool_and(jsonb_typeof(k.value) IN ('number', 'null')) AS numbers
FROM (
    (SELECT payload FROM annotation_item WHERE project_id = %(project)s ORDER BY id LIMIT %(most)s)
    UNION ALL
    (SELECT payload FROM annotation_item WHERE project_id = %(project)s ORDER BY id DESC LIMIT %(most)s)
) i, jsonb_each(CASE jsonb_typeof(i.payload) WHEN 'object' THEN i.payload ELSE '{}' END) k
GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT %(fields)s
"""


@dataclass(frozen=True)
class Rule:
    """A checked definition, and what it reads and votes for (empty: whatever label there is)."""

    definition: dict[str, Any]
    labels: list[str]
    reads: list[str]
    votes_for: list[str]


def functions_questions(schema: Schema | None) -> list[Question]:
    """The questions that functions vote on: those whose answers are labels that can be listed."""
    asked = schema.questions if schema else ()
    return [one for one in asked if _listed(one)]


def labels_of(question: Question) -> list[str]:
    """The labels that functions may vote for, in the order of their positions."""
    return list(QUESTION_TYPES[question["type"]].values(question) or ())


def _listed(question: Question) -> bool:
    kind = QUESTION_TYPES[question["type"]]
    return kind.scale not in {"", "interval"} and bool(kind.values(question))


def question_of(schema: Schema | None, name: str) -> Question:
    """The question of this name. Raises InvalidInput with those that there are."""
    listed = functions_questions(schema)
    found = next((one for one in listed if one["name"] == name), None)
    if found is None:
        names = ", ".join(one["name"] for one in listed) or "no question of this project"
        message = f"Labeling functions vote on {names}."
        raise InvalidInput(message, faults=[Fault(("question",), message)])
    return found


def fields_of(project: Project) -> dict[str, str]:
    """Payload fields with their types: those of the schema, then those that items were seen to have.

    Fields that no schema lists are numbers, text where the schema lists none at all, and else hidden: functions read them
    where they are named.
    """
    listed = {one["name"]: one["type"] for one in (project.schema.fields if project.schema else ())}
    scope = {"project": project.pk, "most": SAMPLED, "fields": MOST_FIELDS}
    unlisted = "hidden" if listed else "text"
    seen = {row.name: "number" if row.numbers else unlisted for row in hot.rows(_FIELDS, scope)}
    return listed | {name: kind for name, kind in seen.items() if name not in listed}


def sensitive_of(project: Project) -> frozenset[str]:
    """Fields that no function of this project sees."""
    row = WeakSettings.objects.filter(project=project).only("sensitive_fields").first()
    return frozenset(row.sensitive_fields if row else ())


def context_of(
    project: Project, labels: Sequence[str], *, fields: Mapping[str, str] | None = None
) -> functions.Context:
    """What a definition may speak of."""
    from labelmodel import functions

    known = fields_of(project) if fields is None else fields
    return functions.Context(known, tuple(labels), sensitive_of(project))


def checked(*, project: Project, question: str, kind: str, definition: Any) -> Rule:
    """The definition in its normal form. Raises InvalidInput with every fault, each with its path."""
    from labelmodel import functions

    labels = labels_of(question_of(project.schema, question))
    context = context_of(project, labels)
    try:
        found = functions.check(kind, definition, context)
    except functions.DefinitionError as error:
        raise refused(error) from error
    function_tables.check_named(project=project, kind=kind, definition=found)
    llm_endpoints.check_named(project_id=project.pk, kind=kind, definition=found)
    found = function_supplies.completed(project, question, kind, found)
    reads = sorted(functions.KINDS[kind].reads(found))
    return Rule(found, labels, reads, _votes_for(found, labels))


def refused(error: functions.DefinitionError) -> InvalidInput:
    """What is wrong with a definition, as all faults are told."""
    faults = [Fault(_path(fault.path), fault.message) for fault in error.faults]
    return InvalidInput(str(error), faults=faults)


def _path(path: Iterable[str | int]) -> tuple[str | int, ...]:
    return ("kind",) if tuple(path) == ("kind",) else ("definition", *path)


def _votes_for(definition: Any, labels: Sequence[str]) -> list[str]:
    named = set(_labels_in(definition))
    return [label for label in labels if label in named]


def _labels_in(part: Any) -> Iterable[str]:
    """What stands under the key `label`, wherever in the definition."""
    if isinstance(part, dict):
        if isinstance(part.get("label"), str):
            yield part["label"]
        for one in part.values():
            yield from _labels_in(one)
    elif isinstance(part, list):
        for one in part:
            yield from _labels_in(one)


def prepared(
    version: FunctionVersion, *, fields: Mapping[str, str] | None = None, asking: Asking = PATIENT
) -> functions.Function:
    """A version, ready to be applied; its votes are positions in the version's own labels.

    Raises InvalidInput where it cannot be used as the project is now, StorageFault where its table is out of reach.
    """
    from labelmodel import functions

    known = fields_of(version.project) if fields is None else fields
    # A field that few items have may be missing from those that are sampled. One that was taken out is a fault of its own.
    known = {**dict.fromkeys(version.reads, "hidden"), **known}
    context = context_of(version.project, version.labels, fields=known)
    resources = _resources(version, asking)
    try:
        return functions.prepare(version.kind, version.definition, context, resources)
    except functions.DefinitionError as error:
        raise refused(error) from error


def _resources(version: FunctionVersion, asking: Asking) -> dict[str, Any]:
    if version.kind in SUPPLIES:
        supply = SUPPLIES[version.kind]
        return supply.resources(version.project, version.function.question, version.definition)
    named = {"project_id": version.project_id, "kind": version.kind, "definition": version.definition}
    return {**function_tables.resources(**named), **llm_endpoints.resources(**named, asking=asking)}


@dataclass(frozen=True, slots=True)
class Tried:
    """How one of a version's tests came out; None stands for abstaining. `error`: what it raised."""

    payload: dict[str, Any]
    expected: str | None
    got: str | None
    error: str = ""

    @property
    def passed(self) -> bool:
        return not self.error and self.expected == self.got


def tried(version: FunctionVersion) -> list[Tried]:
    """The version's tests, run; those of a kind that waits for others as its trial found them, so that nobody waits here. Raises
    InvalidInput where it cannot be used at all."""
    from labelmodel import functions

    if not version.tests:
        return []
    kind = functions.KINDS.get(version.kind)
    if kind is not None and kind.by_item:
        return [Tried(one["payload"], one["label"], None, UNTESTABLE) for one in version.tests]
    if kind is not None and kind.waits:
        return tried_before(version)
    return told(version, tests_cast(version, prepared(version)))


def tried_before(version: FunctionVersion) -> list[Tried]:
    """The version's tests as its trial found them."""
    kept = version.canary.get("tests") or [{"got": None, "error": ASKED_IN_TRIAL}] * len(version.tests)
    pairs = zip(version.tests, kept, strict=True)
    return [Tried(test["payload"], test["label"], one["got"], one["error"]) for test, one in pairs]


def tests_cast(version: FunctionVersion, function: functions.Function) -> functions.Cast:
    """What a version, made ready, says of its tests, in their order."""
    from labelmodel import functions

    rows = [(number, test["payload"]) for number, test in enumerate(version.tests)]
    batch = functions.build(rows, function.reads, payload=function.kind.whole)
    (cast,) = functions.apply([function], batch)
    return cast


def told(version: FunctionVersion, cast: functions.Cast) -> list[Tried]:
    """How its tests came out."""
    found = []
    for number, test in enumerate(version.tests):
        position = int(cast.label[number])
        got = version.labels[position] if position >= 0 else None
        error = cast.errors.get(number) or cast.unseen.get(number) or ""
        found.append(Tried(test["payload"], test["label"], got, error))
    return found
