"""From a draft to an active version and back: review, trial on a sample, activation, and rolling back all that came of it."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from annotation.errors import Conflict, Fault, InvalidInput, NotAllowed
from annotation.models import Membership, User
from annotation.questions.checks import text_fault
from annotation.roles import CAN, Action
from annotation.services.access import check
from labelmodel.models import (
    FunctionRun,
    FunctionVersion,
    LabelingFunction,
    PosteriorShard,
    VoteShard,
    WeakRun,
)
from labelmodel.models.functions import ASKING_KINDS
from labelmodel.services import run_requests
from labelmodel.services.function_faults import faults_of
from labelmodel.services.function_rules import tried, tried_before
from labelmodel.services.functions import LONGEST_REASON, reason_of

State = FunctionVersion.State
Kind = FunctionRun.Kind
Trigger = FunctionRun.Trigger
_REVIEWING = [role.value for role, actions in CAN.items() if Action.REVIEW_FUNCTIONS in actions]


def submit(*, version: FunctionVersion, by: User) -> FunctionVersion:
    """Ask for a review of a draft. Raises NotAllowed, Conflict where it is no draft or cannot run, InvalidInput with the tests
    that fail."""
    check(user=by, project=version.project, action=Action.WRITE_FUNCTIONS)
    _check_runs(version)
    # Those of a kind that asks others run with its trial: nobody waits for them here.
    results = [] if version.kind in ASKING_KINDS else tried(version)
    failing = [(number, one) for number, one in enumerate(results) if not one.passed]
    if failing:
        raise InvalidInput(
            "One of its tests fails." if len(failing) == 1 else f"{len(failing)} of its tests fail.",
            faults=[
                Fault(
                    ("tests", number),
                    one.error or f"It should say {_said(one.expected)}, and says {_said(one.got)}.",
                )
                for number, one in failing
            ],
        )
    _move(
        version, {State.DRAFT}, "Only a draft is submitted.", state=State.REVIEW, submitted_at=timezone.now()
    )
    return version


def approve(*, version: FunctionVersion, by: User, note: str = "") -> FunctionVersion:
    """Let a version run on a sample; somebody else than its author, where somebody else may review. Raises NotAllowed,
    Conflict where it does not wait for review or cannot run."""
    check(user=by, project=version.project, action=Action.REVIEW_FUNCTIONS)
    if not may_approve(version=version, user=by):
        raise NotAllowed("You wrote this version; somebody else who may review has to approve it.")
    if fault := text_fault(note.strip(), most=LONGEST_REASON):
        raise InvalidInput(fault, faults=[Fault(("note",), fault)])
    _check_runs(version)
    reviewed = {"reviewer": by, "reviewed_at": timezone.now(), "review_note": note.strip()}
    with transaction.atomic():
        _move(
            version, {State.REVIEW}, "It does not wait for review.", state=State.CANARY, canary={}, **reviewed
        )
        try_out(version=version, by=by)
    return version


def may_approve(*, version: FunctionVersion, user: User) -> bool:
    """Whether this is no version of one's own, or nobody else may review. The role is checked elsewhere."""
    if version.author_id != user.pk:
        return True
    others = Membership.objects.filter(project=version.project_id, role__in=_REVIEWING, user__is_active=True)
    return not others.exclude(user=user).exists()


def refuse(*, version: FunctionVersion, by: User, reason: str) -> FunctionVersion:
    """Turn a version down, with a reason, before it is active. Raises NotAllowed, InvalidInput, Conflict."""
    check(user=by, project=version.project, action=Action.REVIEW_FUNCTIONS)
    reviewed = {"reviewer": by, "reviewed_at": timezone.now(), "review_note": reason_of(reason)}
    _move(
        version,
        {State.REVIEW, State.CANARY},
        "Only what waits for review or is on trial is refused.",
        state=State.REFUSED,
        **reviewed,
    )
    return version


def try_out(*, version: FunctionVersion, by: User) -> FunctionRun:
    """Run an approved version on a sample, and compare it with the active one: services/canaries.py. Raises Conflict."""
    check(user=by, project=version.project, action=Action.REVIEW_FUNCTIONS)
    if version.state != State.CANARY:
        raise Conflict("Only an approved version is tried out.")
    return run_requests.want(
        project=version.project, by=by, trigger=Trigger.CHANGE, kind=Kind.CANARY, versions=[version.pk]
    )


@transaction.atomic
def activate(*, version: FunctionVersion, by: User) -> FunctionVersion:
    """Let an approved version vote, in place of the one that does; a run over the pool is asked for.

    Raises NotAllowed, Conflict where it is not approved, its trial on a sample is not over or went wrong, or it cannot run.
    """
    check(user=by, project=version.project, action=Action.REVIEW_FUNCTIONS)
    _check_runs(version)
    function = _locked(version.function)
    fresh = FunctionVersion.objects.get(pk=version.pk)
    if fresh.state == State.CANARY and (fault := trial_fault(fresh)):
        raise Conflict(fault)
    now = timezone.now()
    before = function.versions.filter(state=State.ACTIVE)
    if fresh.state == State.CANARY:
        _forget_shards(function)
        before.update(state=State.RETIRED, retired_at=now)
    _move(
        version,
        {State.CANARY},
        "Only an approved version is activated.",
        state=State.ACTIVE,
        activated_at=now,
        activated_by=by,
        retired_at=None,
    )
    run_requests.want(project=version.project, by=by, trigger=Trigger.CHANGE)
    return version


def trial_fault(version: FunctionVersion) -> str:
    """What its trial on a sample says against activating it."""
    found = version.canary
    if not found:
        run = trial_of(version)
        if run is None or not run.is_pending:
            return "Its trial on a sample did not come to an end. Try it again."
        if run.paused_until and run.paused_until > timezone.now():
            return "Its trial on a sample is paused, and goes on by itself."
        return "It has not been tried on a sample yet; that takes some seconds."
    if "error" in found:
        return f"It could not be tried on a sample: {found['error']}"
    if found.get("errors") and found["errors"] >= found["items"]:
        return f"It failed on every item of its trial: {found['messages'][0]['message']}"
    failing = [one for one in tried_before(version) if not one.passed] if "tests" in found else []
    return f"{len(failing)} of its {len(version.tests)} tests failed in its trial." if failing else ""


def trial_of(version: FunctionVersion) -> FunctionRun | None:
    """The latest run that tries this version on a sample."""
    runs = FunctionRun.objects.filter(project=version.project_id, kind=Kind.CANARY, versions=[version.pk])
    return runs.order_by("-pk").first()


@transaction.atomic
def roll_back(
    *,
    function: LabelingFunction,
    by: User,
    reason: str,
    version: FunctionVersion | None = None,
    while_active: bool = False,
) -> FunctionVersion | None:
    """Take a bad version (the active one, unless told) out, and all that came of it, in one step.

    Its votes are deleted, the runs that used it are marked, and probabilities that rest on it are withdrawn. The version that
    was active before it is active again; it is returned, None where there is none. Raises NotAllowed, InvalidInput, and Conflict
    where it was rolled back before, or with `while_active` where it is not active any more.
    """
    check(user=by, project=function.project, action=Action.REVIEW_FUNCTIONS)
    reason = reason_of(reason)
    locked = _locked(function)
    bad = _bad(locked, version)
    if while_active and bad.state != State.ACTIVE:
        raise Conflict(f"Version {bad.number} is not active any more.")
    was_active = bad.state == State.ACTIVE
    now = timezone.now()
    taken = {"rolled_back_at": now, "rolled_back_by": by, "rolled_back_reason": reason}
    _move(
        bad,
        {State.ACTIVE, State.RETIRED},
        "Only a version that is or was active is rolled back.",
        state=State.RETIRED,
        retired_at=bad.retired_at or now,
        **taken,
    )
    _take_back(bad, f"Version {bad.number} of “{function.name}” was rolled back: {reason}"[:LONGEST_REASON])
    again = _activate_before(locked, bad) if was_active else None
    run_requests.want(project=function.project, by=by, trigger=Trigger.CHANGE)
    return again


def _bad(function: LabelingFunction, version: FunctionVersion | None) -> FunctionVersion:
    """The version to take out, as it is now. The caller holds the function's row."""
    if version is not None:
        version.refresh_from_db(fields=["state", "activated_at", "retired_at", "rolled_back_at"])
        if version.rolled_back_at:
            raise Conflict(f"Version {version.number} was rolled back already.")
        return version
    active: FunctionVersion | None = function.versions.filter(state=State.ACTIVE).first()
    if active is None:
        raise Conflict("No version of it is active. Name the version that was bad.")
    # Whoever asks twice means the one that is gone, not the one that came back in its place.
    gone = function.versions.filter(rolled_back_at__gt=active.activated_at or timezone.now())
    if last := gone.order_by("-rolled_back_at").first():
        raise Conflict(
            f"Version {last.number} was rolled back already, and version {active.number} is active again. "
            f"Name version {active.number} to take that one out, too."
        )
    return active


def _take_back(bad: FunctionVersion, reason: str) -> None:
    """What came of a version. A worker that is about to write holds the version's row, which the caller has changed: it has
    written before, or finds the version retired."""
    now = timezone.now()
    VoteShard.objects.filter(version=bad).delete()
    runs = FunctionRun.objects.filter(project=bad.project_id, versions__contains=[bad.pk], tainted_at=None)
    runs.update(tainted_at=now, tainted_reason=reason)
    rests = WeakRun.objects.filter(project=bad.project_id, versions__contains=[bad.pk], withdrawn_at=None)
    withdrawn = list(rests.order_by("pk").select_for_update(no_key=True).values_list("pk", flat=True))
    pending = WeakRun.objects.filter(pk__in=withdrawn, state__in=["waiting", "running"])
    pending.update(state="cancelled", finished_at=now)
    WeakRun.objects.filter(pk__in=withdrawn).update(withdrawn_at=now, withdrawn_reason=reason)
    PosteriorShard.objects.filter(run__in=withdrawn).delete()


def _activate_before(function: LabelingFunction, bad: FunctionVersion) -> FunctionVersion | None:
    """The version that was active before, unless it was bad too or cannot run any more."""
    retired = function.versions.filter(state=State.RETIRED, rolled_back_at=None).exclude(activated_at=None)
    if bad.activated_at is not None:
        retired = retired.filter(activated_at__lt=bad.activated_at)
    before: FunctionVersion | None = retired.order_by("-activated_at").first()
    if before is not None:
        FunctionVersion.objects.filter(pk=before.pk).update(state=State.ACTIVE, retired_at=None)
        before.refresh_from_db()
    return before


def _forget_shards(function: LabelingFunction) -> None:
    """Votes of versions that would not be activated again by a rollback."""
    old = function.versions.filter(state=State.RETIRED)
    VoteShard.objects.filter(version__in=old).delete()


def _locked(function: LabelingFunction) -> LabelingFunction:
    # Two who activate or roll back at once do so one after the other.
    return LabelingFunction.objects.select_for_update(no_key=True).get(pk=function.pk)


def _check_runs(version: FunctionVersion) -> None:
    if version.project.archived_at:
        raise Conflict("This project is archived.")
    if faults := faults_of(version.project, [version]).get(version.pk):
        raise Conflict(" ".join(faults))


def _move(version: FunctionVersion, expected: set[State], otherwise: str, **values: object) -> None:
    """From one of these states; raises Conflict where it is in another one."""
    if not FunctionVersion.objects.filter(pk=version.pk, state__in=expected).update(**values):
        raise Conflict(otherwise)
    for name, value in values.items():
        setattr(version, name, value)


def _said(label: str | None) -> str:
    return "nothing" if label is None else f"“{label}”"
