"""Gold questions at work: mixed into people's turns, compared with the known answers, and what follows from that.

Blind: a gold question looks like any other item, comes at a place that nobody can foresee, and never twice to the same
person in one rotation. Where the bar is missed the person is paused, told why, and what they said meanwhile is marked.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import orjson
from django.conf import settings

from annotation.models import Lease
from annotation.roles import Role
from annotation.services import gold_sql as sql
from annotation.services import hot
from annotation.services.readings import form_of, reading

# The bar is held against so many of the latest results, once there are at least so many.
WINDOW = 20
LEAST = 5


@dataclass(frozen=True, slots=True)
class Feedback:
    """What a person is told after a gold question, where the project says so."""

    right: bool
    questions: dict[str, bool]
    answer: dict[str, Any]
    explanation: str
    training: bool


@dataclass(frozen=True, slots=True)
class Judged:
    """What an answer to a gold question led to."""

    feedback: Feedback | None
    paused: bool


class Outcome(StrEnum):
    """Where a member stands who has no training question to answer now."""

    HELD = "held"  # in another window
    PASSED = "passed"
    FAILED = "failed"


def in_training(member: Any) -> bool:
    """Whether this member has training before them; experts and managers have not."""
    return bool(
        member.training_questions
        and member.role == Role.ANNOTATOR
        and member.trained_at is None
        and member.has_gold
    )


def are_mixed_in(member: Any) -> bool:
    """Whether this member's turns have gold questions among them, and so are counted."""
    return bool(member.gold_rate and member.has_gold)


def places(member: Any, count: int) -> list[int]:
    """Which of this member's next turns, counted from 0, are gold questions: of all turns that they were ever given
    one in each stretch of 1 / rate, at a place that differs from member to member and from stretch to stretch."""
    if not are_mixed_in(member):
        return []
    every = max(2, round(1 / member.gold_rate))
    turns = range(member.turns, member.turns + count)
    return [n - member.turns for n in turns if n % every == _place(member, n // every, every)]


def _place(member: Any, stretch: int, every: int) -> int:
    # Keyed: whoever knows this code still cannot tell where the next one comes.
    name = f"{member.project_id}-{member.user_id}-{stretch}".encode()
    key = settings.SECRET_KEY.encode()[: hashlib.blake2b.MAX_KEY_SIZE]
    return int.from_bytes(hashlib.blake2b(name, digest_size=4, key=key).digest()) % every


def take(*, member: Any, lease: dict[str, Any], count: int, training: bool = False) -> list[Any]:
    """Reserve up to so many gold questions for this member. The caller holds the member's row lock."""
    # Nobody is trained by what a model says.
    return hot.rows(
        sql.TAKE_SUGGESTING if member.suggestions and not training else sql.TAKE,
        {
            **lease,
            "count": count,
            "training": training,
            "since": member.judged_since,
            "most": member.gold_exposures,
            "rotation": member.gold_rotation,
            "wanted": member.annotations_per_item,
        },
    )


def training_counts(member: Any) -> Any:
    """How far this member's training is: `done`, `right`, and `held` (handed out and not answered yet)."""
    return hot.one(sql.COUNT_TRAINING, _of(member))


def end_training(member: Any, now: datetime) -> tuple[Outcome, str]:
    """Nothing is left to train with: judge by what there is. Also returns why the member is paused, if so."""
    found = training_counts(member)
    if found.held:
        return Outcome.HELD, ""
    failed = _judge_training(member, found, now)
    return (Outcome.FAILED if failed else Outcome.PASSED), failed


def record(*, turn: Any, annotation_id: int, schema_id: int, answer: dict[str, Any], now: datetime) -> Judged:
    """Compare an answer to a gold question with what is known, and draw the consequences for the member.

    The caller holds the member's row lock, and releases what a paused member holds after its transaction.
    """
    known = hot.one(sql.KNOWN, {"gold": turn.gold_id})
    if known.holdout:
        # On its way when the item was taken back from people.
        return Judged(None, paused=False)
    training = in_training(turn)
    rotation = turn.gold_rotation
    if turn.annotation_id is not None and turn.state != Lease.State.AGAIN:
        # A revision stands for the answer that it replaces, which may be of an earlier rotation or no result at all.
        if (earlier := hot.row(sql.RESULT, {"annotation": turn.annotation_id})) is None:
            return Judged(None, paused=False)
        rotation, training = earlier.rotation, False
    expected, questions = _compared(turn, known, schema_id, answer)
    if not questions:
        # The questions have changed so that nothing of the known answer is left.
        return Judged(None, paused=False)
    result = {
        "annotation": annotation_id,
        "item": turn.item_id,
        "rotation": rotation,
        "questions": orjson.dumps(questions).decode(),
        "right": all(questions.values()),
        "training": training,
        "now": now,
    }
    hot.rows(sql.KEEP_RESULT, {**_of(turn), **result})
    feedback = Feedback(all(questions.values()), questions, expected, known.explanation, training)
    paused = _after_training(turn, now) if training else _stand(turn, annotation_id, now)
    return Judged(feedback if training or turn.gold_feedback else None, bool(paused))


def _compared(
    turn: Any, known: Any, schema_id: int, answer: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, bool]]:
    """The known answer as it reads now, and for each of its questions whether this answer is as good."""
    expected = _under(known.schema_id, turn.schema_id, orjson.loads(known.answer))
    said = _under(schema_id, turn.schema_id, answer)
    return expected, form_of(turn.schema_id).right(said, expected, orjson.loads(known.tolerance))


def told(turn: Any, annotation_id: int) -> Feedback | None:
    """What was said of this answer when it came, for whoever sends it again because the reply was lost."""
    result = hot.row(sql.RESULT, {"annotation": annotation_id})
    if result is None or not (result.training or turn.gold_feedback):
        return None
    known = hot.one(sql.KNOWN, {"gold": turn.gold_id})
    expected = _under(known.schema_id, turn.schema_id, orjson.loads(known.answer))
    questions = orjson.loads(result.questions)
    return Feedback(all(questions.values()), questions, expected, known.explanation, result.training)


def was_told(turn: Any) -> bool:
    """Whether the person knows how their answer to this gold question should have been."""
    return told(turn, turn.annotation_id) is not None


def _under(given: int, current: int, answer: dict[str, Any]) -> dict[str, Any]:
    return answer if given == current else reading(given, current).read(answer)[0]


def _of(member: Any) -> dict[str, Any]:
    return {"project": member.project_id, "annotator": member.user_id, "since": member.judged_since}


def _after_training(member: Any, now: datetime) -> str:
    found = training_counts(member)
    return "" if found.done < member.training_questions else _judge_training(member, found, now)


def _judge_training(member: Any, found: Any, now: datetime) -> str:
    passed = found.done == 0 or found.right >= member.training_bar * found.done
    reason = (
        ""
        if passed
        else f"You got {found.right} of {found.done} training questions right; {_percent(member.training_bar)} is needed to go "
        "on. Read the guidelines, then ask a manager to let you try again."
    )
    _keep_standing(member, paused=reason, trained=now if passed else None)
    return reason


def _stand(member: Any, annotation_id: int, now: datetime) -> str:
    """Hold the latest results against the bar: nothing, a warning, or a pause."""
    if member.gold_bar is None:
        return ""
    latest = hot.rows(sql.LATEST, {**_of(member), "window": WINDOW})
    right = sum(one.right for one in latest)
    if len(latest) >= LEAST and right < member.gold_bar * len(latest):
        reason = (
            f"You got {right} of the last {len(latest)} check questions right; this project needs "
            f"{_percent(member.gold_bar)}. Read the guidelines again and talk to a manager, who can let you go on."
        )
        first = min(one.annotation_id for one in latest if not one.right)
        _suspend(member, reason, first, annotation_id, right, len(latest), now)
        _keep_standing(member, paused=reason)
        return reason
    _keep_standing(member, warning=_warning(member, right, len(latest)))
    return ""


def _warning(member: Any, right: int, judged: int) -> str:
    """What to tell somebody whom two more wrong answers would pause."""
    if judged < LEAST - 2 or right >= member.gold_bar * (judged + 2):
        return ""
    return (
        f"You got {right} of the last {judged} check questions right; this project needs {_percent(member.gold_bar)}. "
        "Take your time, and look at the guidelines."
    )


def _suspend(member: Any, reason: str, first: int, last: int, right: int, judged: int, now: datetime) -> None:
    scope = {"reason": reason, "first": first, "last": last, "right": right, "judged": judged, "now": now}
    hot.rows(sql.SUSPEND, {**_of(member), **scope, "bar": member.gold_bar})


def _keep_standing(
    member: Any, *, warning: str = "", paused: str = "", trained: datetime | None = None
) -> None:
    hot.rows(sql.STANDING, {**_of(member), "warning": warning, "paused": paused, "trained": trained})


def _percent(share: float) -> str:
    return f"{share * 100:.4g} %"
