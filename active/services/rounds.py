"""A round, from the labels to the queue: embed what is new, train, score every shard, choose, publish.

Each phase reads, computes outside transactions and publishes in short ones; what it leaves behind are rows, so that a
worker that is killed leaves its phase to the next. docs/adr/0009 tells why the shards' results meet in a table and not in
a chord of the broker.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.db.models import F
from django.utils import timezone

from active.models import LearningSettings, Round, RoundShard
from active.services import (
    choosing,
    embeddings,
    learning,
    publishing,
    requests,
    scoring,
    shard_upkeep,
    training,
)
from annotation.errors import DomainError
from annotation.questions.types import Question
from annotation.services.locks import alone, waited_for

State = Round.State
log = logging.getLogger(__name__)


def prepare(*, round_id: int) -> list[int]:
    """Embed what is new, train, and lay out what is to be scored. Safe to run twice; returns the shards to be scored."""
    round = _pending(round_id)
    if round is None or round.state not in {State.WAITING, State.EMBEDDING, State.TRAINING}:
        return []
    shards: list[int] = []
    with alone("round", round.project_id) as free:
        if not free or not _try_again(round):
            return []
        with _told(round):
            shards += _prepare(round)
    return shards


def _prepare(round: Round) -> list[int]:
    settings, question = _asked(round)
    started = time.perf_counter()
    requests.enter(
        round, State.EMBEDDING, attempts=round.attempts, started_at=round.started_at or timezone.now()
    )
    encoder = embeddings.current(project=round.project, settings=settings)
    embeddings.embed_new(encoder=encoder)
    embedded = time.perf_counter()
    answers = requests.answers_given(round.project_id)
    requests.enter(round, State.TRAINING, attempts=round.attempts, encoder=encoder, answers=answers)
    training.train(round, settings, question)
    trained = time.perf_counter()
    round.timings = {"embedding": embedded - started, "training": trained - embedded}
    RoundShard.objects.filter(round=round).delete()
    # Whoever embeds at the same time may put another shard in the place of one that was just read of.
    with waited_for("embeddings", round.project_id):
        shards = [RoundShard(round=round, shard=shard) for shard in encoder.shards.order_by("first_item")]
        made = RoundShard.objects.bulk_create(shards)
    if not requests.enter(round, State.SCORING, timings=round.timings):
        return []
    return [shard.pk for shard in made]


def score(*, shard_id: int) -> int | None:
    """Score one shard of a round. Safe to run twice; returns the round's id when nothing is left to be scored."""
    shard = RoundShard.objects.select_related("round__project", "shard__encoder").filter(pk=shard_id).first()
    if shard is None or shard.round.state != State.SCORING:
        return None
    with alone("score", shard.pk) as free:
        if not free or (shard.finished_at is None and not _score(shard)):
            return None
    unfinished = RoundShard.objects.filter(round=shard.round_id, finished_at=None)
    return None if unfinished.exists() else shard.round_id


def _score(shard: RoundShard) -> bool:
    RoundShard.objects.filter(pk=shard.pk).update(attempts=F("attempts") + 1, started_at=timezone.now())
    if shard.attempts >= requests.MOST_ATTEMPTS:
        requests.fail(shard.round, requests.LOST)
        return False
    done = 0
    with _told(shard.round):
        found, scored = scoring.score(shard)
        kept = RoundShard.objects.filter(pk=shard.pk)
        done = kept.update(found=found, scored=scored, finished_at=timezone.now())
        Round.objects.filter(pk=shard.round_id).update(moved_at=timezone.now())
    return bool(done)


def finish(*, round_id: int) -> None:
    """Choose among what the shards found, and publish. Safe to run twice."""
    round = _pending(round_id)
    if round is None or round.state not in {State.SCORING, State.CHOOSING}:
        return
    with alone("round", round.project_id) as free:
        if not free or RoundShard.objects.filter(round=round, finished_at=None).exists():
            return
        if round.state == State.SCORING:
            requests.enter(round, State.CHOOSING)
        if not _try_again(round):
            return
        with _told(round):
            _finish(round)


def _finish(round: Round) -> None:
    settings, question = _asked(round)
    started = time.perf_counter()
    chosen = choosing.choose(round, settings, question)
    round.timings["scoring"] = _scored_in(round)
    round.timings["choosing"] = time.perf_counter() - started
    publishing.publish(round, settings, chosen)
    requests.drop_candidates(round)
    shard_upkeep.tidy(project_id=round.project_id)


def _scored_in(round: Round) -> float:
    times = RoundShard.objects.filter(round=round).values_list("started_at", "finished_at")
    begun = [start for start, _ in times if start]
    ended = [end for _, end in times if end]
    return (max(ended) - min(begun)).total_seconds() if begun and ended else 0.0


def _pending(round_id: int) -> Round | None:
    return (
        Round.objects.pending()
        .select_related("project__schema", "encoder", "model")
        .filter(pk=round_id)
        .first()
    )


def _try_again(round: Round) -> bool:
    """Count an attempt at this phase; False when there were too many."""
    if round.attempts >= requests.MOST_ATTEMPTS:
        requests.fail(round, requests.LOST)
        return False
    round.attempts += 1
    return bool(
        Round.objects.pending().filter(pk=round.pk).update(attempts=round.attempts, moved_at=timezone.now())
    )


def _asked(round: Round) -> tuple[LearningSettings, Question]:
    """The settings and the question as they are now. Raises QuestionsChanged when the round was begun under others."""
    settings = LearningSettings.objects.get(project=round.project_id)
    question = learning.learned_question(round.project, settings)
    if question is None:
        raise DomainError(learning.NOTHING_TO_LEARN)
    if round.project.schema_id != round.schema_id or question["name"] != round.question:
        raise QuestionsChanged
    return settings, question


class QuestionsChanged(Exception):
    """The questions are not those that the round was begun under."""


@contextmanager
def _told(round: Round) -> Iterator[None]:
    """What can go wrong with the data at hand fails the round with its reason; what should not happen is tried again."""
    try:
        yield
    except QuestionsChanged:
        _begin_again(round)
    except DomainError as error:
        requests.fail(round, str(error))
    except (ValueError, OSError) as error:
        log.exception("round %s fails", round.pk)
        requests.fail(round, str(error) or type(error).__name__)
    except MemoryError:
        requests.fail(round, "There was not enough memory. Give the workers more, or choose a smaller batch.")


def _begin_again(round: Round) -> None:
    """The questions have changed: what was learned is for others. Everything is done anew, under the new ones."""
    settings = LearningSettings.objects.get(project=round.project_id)
    question = learning.learned_question(round.project, settings)
    if question is None:
        requests.fail(round, learning.NOTHING_TO_LEARN)
        return
    note = "The questions changed while it was under way, so it began again."
    requests.enter(
        round,
        State.WAITING,
        schema=round.project.schema,
        question=question["name"],
        notes=[*round.notes, note],
        attempts=round.attempts,
    )
