"""When a label model for functions is fitted anew: functions came or went, their votes changed, people labeled more, or somebody
gave another class balance.

As for people (runs.py): at once when a tenth has changed, and else when anything has and the latest fit has rested, so that at
most a fiftieth of a core goes into it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Max, Sum
from django.utils import timezone

from annotation.models import Adjudication, ConsensusDue, Membership, Project
from annotation.questions.types import Question
from annotation.services import hot
from labelmodel.models import FunctionRun, FunctionVersion, WeakRun, WeakSettings
from labelmodel.services import weak, weak_votes
from labelmodel.services.function_rules import functions_questions, labels_of
from labelmodel.services.runs import FRESH_SHARE, REST_PER_SPENT, SETTLED

State = WeakRun.State
# Answers whose consensus is not worked out for so long are not waited for.
PATIENCE = timedelta(minutes=1)
# After a run that was cancelled, or failed, before it began.
UNBEGUN_REST = timedelta(minutes=5)

# Block by block what versions have seen and said, and a mark that is another one when any of it is written again.
BLOCKS = """
SELECT block, max(seen)::bigint AS seen,
       sum((SELECT coalesce(sum(value::bigint), 0) FROM jsonb_each_text(s."cast")))::bigint AS votes,
       md5(string_agg(version_id || ':' || read_at, ',' ORDER BY version_id)) AS stamp
FROM labelmodel_voteshard s WHERE version_id = ANY(%(versions)s) GROUP BY block
"""
_VOTES = f"""
SELECT coalesce(sum(seen), 0)::bigint AS items, coalesce(sum(votes), 0)::bigint AS votes,
       coalesce(md5(string_agg(stamp, ',' ORDER BY block)), '') AS stamp FROM ({BLOCKS}) b
"""  # noqa: S608 - a constant


@dataclass(frozen=True)
class Standing:
    """What there is to fit a label model to: who votes, on how many items, how much people have said, and which class balance
    is given (shares, "labeled", or {} to estimate it)."""

    sources: list[int | str]
    labels: list[str]
    items: int
    votes: int
    stamp: str
    answers: int
    decided: int
    balance: dict[str, float] | str

    def as_json(self) -> dict[str, Any]:
        return dict(vars(self))


def standing(project: Project, question: Question) -> Standing:
    """As it is now."""
    return standing_of(weak_votes.current(project, question))


def standing_of(sources: weak_votes.Sources) -> Standing:
    """As it is now for these sources."""
    project = sources.project
    counted = hot.one(_VOTES, {"versions": [one.pk for one in sources.versions]})
    answers = Membership.objects.filter(project=project).aggregate(n=Sum("answered"))["n"] or 0
    decided = Adjudication.objects.filter(project=project).aggregate(n=Max("pk"))["n"] or 0
    labels = labels_of(sources.question)
    return Standing(
        sources.keys, labels, counted.items, counted.votes, counted.stamp, answers, decided,
        _balance(project, sources.question),
    )  # fmt: skip


def _balance(project: Project, question: Question) -> dict[str, float] | str:
    row = WeakSettings.objects.filter(project=project).only("class_balance").first()
    return (row.class_balance.get(question["name"]) if row else None) or {}


def want_where_behind() -> None:
    """Ask for a fit wherever enough has changed since the latest one."""
    active = FunctionVersion.objects.voting().filter(project__archived_at=None)
    active = active.exclude(project__weak__automatic=False).order_by()
    projects = Project.objects.filter(pk__in=active.values("project")).select_related("schema", "created_by")
    for project in projects:
        if not _is_busy(project.pk):
            _want_where_behind(project)


def _want_where_behind(project: Project) -> None:
    voted = set(weak.voted_questions(project.pk))
    for question in functions_questions(project.schema):
        if question["name"] not in voted:
            continue
        now = standing(project, question)
        latest = WeakRun.objects.filter(project=project, question=question["name"]).order_by("-pk")
        run = latest.defer("parameters", "review", "metrics").first()
        if now.votes and (why := behind(run, now, timezone.now())):
            weak.want(project=project, question=question["name"], by=project.created_by, trigger=why)


def _is_busy(project_id: int) -> bool:
    """Whether votes are being cast, or answers weighed: in a moment there is more to fit to."""
    # Functions that wait for others may take hours: nothing waits for them.
    casting = FunctionRun.objects.quick().filter(project=project_id, state__in=[State.WAITING, State.RUNNING])
    if casting.exclude(kind=FunctionRun.Kind.CANARY).exists():
        return True
    return ConsensusDue.objects.filter(project=project_id, created_at__gte=timezone.now() - PATIENCE).exists()


def behind(run: WeakRun | None, now: Standing, moment: datetime) -> str:
    """Why a question needs a fit after this latest one: "votes", "labels", "settings", or "" where it does not."""
    if run is None or run.withdrawn_at:
        return "votes"
    if run.state in {State.WAITING, State.RUNNING}:
        return ""
    before = run.rests_on
    if not before:
        # It ended before it began: there is nothing to compare with, and whoever cancelled it does not want it at once.
        return "votes" if run.finished_at is not None and moment - run.finished_at >= UNBEGUN_REST else ""
    if (before.get("sources"), before.get("labels")) != (now.sources, now.labels):
        return "votes"
    # Fits of earlier versions of Querent did not write down which one they were given.
    if before.get("balance", {}) != now.balance:
        return "settings"
    said = now.answers - before["answers"] + (now.decided != before["decided"])
    if said >= max(1.0, FRESH_SHARE * run.labeled):
        return "labels"
    if abs(now.items - before["items"]) > FRESH_SHARE * before["items"]:
        return "votes"
    if abs(now.votes - before["votes"]) > FRESH_SHARE * before["votes"]:
        return "votes"
    # One that failed is not tried again and again on the same.
    if run.state != State.DONE or not _rested(run, moment):
        return ""
    return "votes" if now.stamp != before["stamp"] else "labels" if said else ""


def _rested(run: WeakRun, moment: datetime) -> bool:
    rest = max(SETTLED, timedelta(seconds=REST_PER_SPENT * (run.seconds or 0.0)))
    return run.finished_at is not None and moment - run.finished_at >= rest


# Blocks whose votes are other ones than those that a run judged.
_STALE = """
SELECT b.run, b.block FROM (
    SELECT p.run, s.block, md5(string_agg(s.version_id || ':' || s.read_at, ',' ORDER BY s.version_id)) AS stamp
    FROM unnest(%(runs)s::bigint[], %(versions)s::bigint[]) AS p (run, version)
    JOIN labelmodel_voteshard s ON s.version_id = p.version GROUP BY 1, 2
) b LEFT JOIN labelmodel_posteriorshard j ON j.run_id = b.run AND j.block = b.block
WHERE j.stamp IS DISTINCT FROM b.stamp
"""


def stale_projects() -> list[int]:
    """Projects with items whose votes came or changed since they were judged."""
    runs = WeakRun.objects.usable().filter(project__archived_at=None).exclude(project__weak__automatic=False)
    latest = runs.order_by("project_id", "question", "-pk").distinct("project_id", "question")
    known = {
        run.pk: run
        for run in latest.select_related("project__schema").defer("parameters", "review", "metrics")
    }
    pairs = [(pk, key) for pk, run in known.items() for key in run.versions if type(key) is int]
    rows = hot.rows(_STALE, {"runs": [pk for pk, _ in pairs], "versions": [key for _, key in pairs]})
    stale = {row.run for row in rows}
    return sorted({run.project_id for pk, run in known.items() if pk in stale and _counts(run)})


def _counts(run: WeakRun) -> bool:
    """Whether a run's labels are those of the question as it is now; else it is fitted anew anyway."""
    asked = functions_questions(run.project.schema)
    return any(one["name"] == run.question and labels_of(one) == run.labels for one in asked)
