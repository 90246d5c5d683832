"""How far a round is, and when the next one starts."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from active.models import Round, RoundShard
from active.reports import rounds
from active.reports.rounds import PATIENCE, QUIET
from annotation.models import Membership, Project, User
from tests.active.learned import make_encoder, make_round, turn_on

pytestmark = pytest.mark.django_db


def told(round: Round, *, ago: timedelta = timedelta(0)) -> rounds.Progress:
    """Its progress, when nothing has moved for so long."""
    Round.objects.filter(pk=round.pk).update(moved_at=timezone.now() - ago, created_at=timezone.now() - ago)
    return rounds.progress(rounds.by_id(round.pk))


@pytest.fixture
def scoring(project: Project) -> Round:
    """Two of three shards are done, the third was not taken up."""
    found = make_round(project, state="scoring", timings={"embedding": 1.0, "training": 2.0})
    encoder, ago = make_encoder(project), timezone.now() - QUIET
    for n in range(3):
        shard = encoder.shards.create(rows=10, first_item=n, last_item=n, file="x", sha256="x")
        times = {"started_at": ago, "finished_at": ago, "scored": 10} if n < 2 else {}
        RoundShard.objects.create(round=found, shard=shard, **times)
    return found


def test_phases_behind_the_one_under_way_are_done(scoring: Round) -> None:
    found = told(scoring)

    assert [step.state for step in found.steps] == ["done", "done", "now", "ahead"]
    assert [step.seconds for step in found.steps] == [1.0, 2.0, None, None]
    assert (found.shards, found.shards_done, found.scored, found.queue) == (3, 2, 20, "scoring")


def test_what_nobody_takes_up_is_unattended_after_a_while(project: Project, scoring: Round) -> None:
    assert not told(scoring, ago=PATIENCE / 2).unattended
    assert told(scoring, ago=PATIENCE * 2).unattended
    scoring.shards.filter(finished_at=None).update(started_at=timezone.now() - PATIENCE * 2)
    assert not told(scoring, ago=PATIENCE * 2).unattended


def test_a_round_that_waits_is_unattended_after_a_while(project: Project) -> None:
    waiting = make_round(project, state="waiting", started_at=None)

    assert not told(waiting).unattended
    assert told(waiting, ago=PATIENCE * 2).unattended


def test_a_long_phase_is_quiet_and_not_unattended(project: Project) -> None:
    training = make_round(project, state="training")

    found = told(training, ago=QUIET * 2)

    assert (found.quiet, found.unattended) == (True, False)


def test_the_next_round_waits_for_answers(project: Project, annotator: User) -> None:
    settings = turn_on(project, new_labels=20)
    make_round(project, answers=5)
    Membership.objects.filter(user=annotator).update(answered=12)

    found = rounds.next_one(settings)

    assert (found.needed, found.given, found.left, found.due_at, found.rests_until) == (20, 7, 13, None, None)


def test_the_next_round_by_the_clock_and_after_a_failure(project: Project, annotator: User) -> None:
    settings = turn_on(project, every_minutes=30)
    failed = make_round(project, state="failed", finished_at=timezone.now())
    Membership.objects.filter(user=annotator).update(answered=1)

    found = rounds.next_one(settings)

    assert found.due_at == failed.finished_at + timedelta(minutes=30)
    assert found.rests_until is not None


def test_before_the_first_round_nothing_is_waited_for(project: Project) -> None:
    assert rounds.next_one(turn_on(project)).needed == 0
