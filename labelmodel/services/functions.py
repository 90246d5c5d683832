"""Labeling functions: written, changed, stopped and removed. function_review.py decides which version is active.

A version never changes: whoever edits a function writes its next version, and what the one before did stays as it is.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Sequence
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone

from annotation.errors import Conflict, Fault, InvalidInput, NotFound
from annotation.models import Membership, Project, User
from annotation.questions.checks import text_fault
from annotation.roles import Action
from annotation.services.access import check
from annotation.services.validation import clean
from labelmodel.models import FunctionRun, FunctionVersion, LabelingFunction
from labelmodel.services import function_tables, run_requests
from labelmodel.services.function_rules import Rule, checked

State = FunctionVersion.State
MOST_FUNCTIONS = 500
MOST_VERSIONS = 1_000
MOST_TESTS = 200
# Of all tests of a version, as JSON: each version has them again.
MOST_TEST_CHARACTERS = 200_000
LONGEST_REASON = 300
_JOINERS = {"\u200c", "\u200d"}


def function_for(
    *, user: User, project: Project, function_id: int, action: Action = Action.BROWSE
) -> LabelingFunction:
    """The function, if this person may do this in its project. Raises NotFound, NotAllowed."""
    check(user=user, project=project, action=action)
    mine = project.labeling_functions.select_related("owner", "stopped_by").filter(pk=function_id)
    found: LabelingFunction | None = mine.first()
    if found is None:
        raise NotFound("There is no such labeling function in this project.")
    # The one that is at hand already, with its schema.
    found.project = project
    return found


def version_of(*, function: LabelingFunction, number: int) -> FunctionVersion:
    """A version of a function by its number. Raises NotFound."""
    known = function.versions.select_related("schema", "author", "reviewer", "activated_by")
    found: FunctionVersion | None = known.filter(number=number).first()
    if found is None:
        raise NotFound(f"“{function.name}” has no version {number}.")
    found.function, found.project = function, function.project
    return found


def create(
    *,
    project: Project,
    by: User,
    name: str,
    question: str,
    kind: str,
    definition: Any,
    description: str = "",
    tests: Sequence[Any] = (),
    note: str = "",
    most_share: float = 1.0,
    most_votes_an_hour: int | None = None,
) -> FunctionVersion:
    """A new function with its first version, a draft; `by` owns it.

    `tests`: [{"payload": {...}, "label": value, or null where it must abstain}]. Raises NotAllowed, InvalidInput with every
    fault of the definition under its path, Conflict for a name that is taken.
    """
    _check_open(project, by)
    function = LabelingFunction(
        project=project,
        question=question,
        name=_named(name),
        description=description.strip(),
        owner=by,
        most_share=most_share,
        most_votes_an_hour=most_votes_an_hour,
    )
    clean(function, only=("description", "most_share", "most_votes_an_hour"))
    rule = checked(project=project, question=question, kind=kind, definition=definition)
    with transaction.atomic():
        # Locked: two who add one at once must not both add the last one.
        Project.objects.select_for_update(of=("self",), no_key=True).get(pk=project.pk)
        if project.labeling_functions.count() >= MOST_FUNCTIONS:
            raise Conflict(f"A project has at most {MOST_FUNCTIONS} labeling functions. Remove one first.")
        _save(function)
        return _add_version(function, by, kind, rule, _tests(tests, rule), note)


def new_version(
    *,
    function: LabelingFunction,
    by: User,
    kind: str,
    definition: Any,
    tests: Sequence[Any] | None = None,
    note: str = "",
) -> FunctionVersion:
    """The next version of a function, a draft; the others stay as they are. Without `tests`: those of the latest version.

    Raises NotAllowed, InvalidInput with every fault, Conflict.
    """
    _check_open(function.project, by)
    if tests is None:
        latest = function.versions.first()
        tests = latest.tests if latest else ()
    rule = checked(project=function.project, question=function.question, kind=kind, definition=definition)
    with transaction.atomic():
        # Locked: two who write one at once would both take the next number.
        locked = LabelingFunction.objects.select_for_update(no_key=True).get(pk=function.pk)
        made = _add_version(locked, by, kind, rule, _tests(tests, rule), note)
    made.function, made.project = function, function.project
    return made


def change(
    *,
    function: LabelingFunction,
    by: User,
    name: str | None = None,
    description: str | None = None,
    owner: str | None = None,
    most_share: float | None = None,
    most_votes_an_hour: int | None = None,
    unlimited_votes: bool = False,
) -> LabelingFunction:
    """Change what is given; `owner` is a member's username, `unlimited_votes` takes the limit by the hour away. Raises
    NotAllowed, InvalidInput, Conflict."""
    _check_open(function.project, by)
    with transaction.atomic():
        locked = LabelingFunction.objects.select_for_update(no_key=True).get(pk=function.pk)
        if name is not None:
            locked.name = _named(name)
        if description is not None:
            locked.description = description.strip()
        if owner is not None:
            locked.owner = _member(function.project, owner)
        if most_share is not None:
            locked.most_share = most_share
        if most_votes_an_hour is not None or unlimited_votes:
            locked.most_votes_an_hour = None if unlimited_votes else most_votes_an_hour
        clean(locked, only=("description", "most_share", "most_votes_an_hour"))
        _save(locked)
    return function_for(user=by, project=function.project, function_id=function.pk)


def remove(*, function: LabelingFunction, by: User) -> None:
    """Remove a function that never voted, with its versions. Raises NotAllowed, Conflict for one that has a record."""
    check(user=by, project=function.project, action=Action.WRITE_FUNCTIONS)
    with transaction.atomic():
        locked = LabelingFunction.objects.select_for_update().get(pk=function.pk)
        if locked.versions.exclude(activated_at=None).exists():
            raise Conflict("It was active, and what it did is on record. Stop it instead.")
        locked.delete()


def stop(*, function: LabelingFunction, by: User | None, reason: str) -> LabelingFunction:
    """The kill switch: it votes no more from the next block on, and what it said counts no more, until somebody resumes it.

    Without `by` the system does it. Harmless when it is stopped already. Raises NotAllowed, InvalidInput without a reason.
    """
    if by is not None:
        check(user=by, project=function.project, action=Action.WRITE_FUNCTIONS)
    reason = reason_of(reason)
    running = LabelingFunction.objects.filter(pk=function.pk, stopped_at=None)
    running.update(stopped_at=timezone.now(), stopped_by=by, stopped_reason=reason)
    function.refresh_from_db()
    return function


@transaction.atomic
def resume(*, function: LabelingFunction, by: User) -> LabelingFunction:
    """Let a stopped function vote again: on what it has not seen. Harmless when it is not stopped. Raises NotAllowed."""
    check(user=by, project=function.project, action=Action.REVIEW_FUNCTIONS)
    stopped = LabelingFunction.objects.filter(pk=function.pk).exclude(stopped_at=None)
    if stopped.update(stopped_at=None, stopped_by=None, stopped_reason=""):
        run_requests.want(project=function.project, by=by, trigger=FunctionRun.Trigger.CHANGE)
    function.refresh_from_db()
    return function


def reason_of(reason: str) -> str:
    """A reason as it is kept. Raises InvalidInput without one."""
    reason = reason.strip()
    if fault := text_fault(reason, most=LONGEST_REASON, least=1):
        raise InvalidInput(f"Say why. {fault}", faults=[Fault(("reason",), fault)])
    return reason


def _add_version(
    function: LabelingFunction, by: User, kind: str, rule: Rule, tests: list[dict[str, Any]], note: str
) -> FunctionVersion:
    """The caller holds the function's row."""
    last = function.versions.aggregate(last=Max("number"))["last"] or 0
    if last >= MOST_VERSIONS:
        raise Conflict(f"A function has at most {MOST_VERSIONS} versions. Write a new function.")
    function_tables.check_named(project=function.project, kind=kind, definition=rule.definition, lock=True)
    if fault := text_fault(note.strip(), most=LONGEST_REASON):
        raise InvalidInput(fault, faults=[Fault(("note",), fault)])
    schema = function.project.schema
    assert schema is not None, "a question has a schema"
    made: FunctionVersion = FunctionVersion.objects.create(
        project=function.project,
        function=function,
        number=last + 1,
        kind=kind,
        definition=rule.definition,
        tests=tests,
        schema=schema,
        labels=rule.labels,
        reads=rule.reads,
        votes_for=rule.votes_for,
        note=note.strip(),
        author=by,
    )
    return made


def _tests(given: Sequence[Any], rule: Rule) -> list[dict[str, Any]]:
    if len(given) > MOST_TESTS:
        raise _fault(("tests",), f"There are {len(given)} tests; at most {MOST_TESTS} are kept.")
    size = len(json.dumps(given, ensure_ascii=False, default=str))
    if size > MOST_TEST_CHARACTERS:
        raise _fault(
            ("tests",),
            f"The tests have {size:,} characters together; at most {MOST_TEST_CHARACTERS:,} are kept. "
            "Shorten their texts to what matters.",
        )
    return [_test(("tests", number), one, rule) for number, one in enumerate(given)]


def _test(path: tuple[str | int, ...], given: Any, rule: Rule) -> dict[str, Any]:
    if not isinstance(given, dict) or given.keys() != {"payload", "label"}:
        raise _fault(path, 'A test is {"payload": {...}, "label": a label, or null where it abstains}.')
    if not isinstance(given["payload"], dict):
        raise _fault((*path, "payload"), 'A payload is an object: {"text": "..."}.')
    if given["label"] is not None and given["label"] not in rule.labels:
        known = ", ".join(rule.labels[:8])
        raise _fault((*path, "label"), f"The question has no such label; there are {known}.")
    return {"payload": given["payload"], "label": given["label"]}


def _check_open(project: Project, by: User) -> None:
    check(user=by, project=project, action=Action.WRITE_FUNCTIONS)
    if project.archived_at:
        raise Conflict("This project is archived.")


def _named(name: str) -> str:
    name = " ".join(unicodedata.normalize("NFC", name).split())
    if fault := text_fault(name, most=80, least=1):
        raise _fault(("name",), fault)
    # Two names that look alike are none. What joins letters is part of some scripts, and of emoji.
    unseen = {one for one in name if unicodedata.category(one) == "Cf"}
    if unseen - _JOINERS or not {*name} - _JOINERS - {" "}:
        raise _fault(("name",), "This contains a character that nobody sees. Leave it out.")
    return name


def _member(project: Project, username: str) -> User:
    member = (
        Membership.objects.filter(project=project, user__username=username).select_related("user").first()
    )
    if member is None or not member.may(Action.WRITE_FUNCTIONS):
        raise _fault(("owner",), f"{username} is no member who writes labeling functions here.")
    return member.user


def _save(function: LabelingFunction) -> None:
    alike = LabelingFunction.objects.filter(project=function.project_id, name__iexact=function.name)
    if known := alike.exclude(pk=function.pk).first():
        raise _taken(known.name)
    try:
        with transaction.atomic():
            function.save()
    except IntegrityError as error:
        raise _taken(function.name) from error


def _taken(name: str) -> Conflict:
    return Conflict(f"The project has a labeling function called “{name}” already.")


def _fault(path: tuple[str | int, ...], message: str) -> InvalidInput:
    return InvalidInput(message, faults=[Fault(path, message)])
