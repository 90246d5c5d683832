"""Celery tasks of this layer: ids in, nothing out, safe to run twice.

Web processes send these tasks and need none of the numerical libraries, so services that do are imported inside.
Which queue each goes to: config/celery.py.
"""

from __future__ import annotations

from typing import Any, cast

from celery import shared_task

from active.models import Round, Simulation
from active.services import requests, similar, waiting

# What the sweep sends is worthless when the next one has sent it again.
SWEPT_SECONDS = 10


@shared_task
def sweep() -> None:
    """Start the rounds whose time has come, and take up what was missed: rounds, new items, simulations, similar items."""
    requests.start_due()
    for step, number in waiting.unfinished():
        STEPS[step].apply_async((number,), expires=SWEPT_SECONDS)
    for project_id in waiting.with_new_items():
        score_new.apply_async((project_id,), expires=SWEPT_SECONDS)
    for simulation in Simulation.objects.filter(state__in=["waiting", "running"]):
        run_simulation.apply_async((simulation.pk,), expires=SWEPT_SECONDS)
    for project_id in similar.due():
        index_similar.apply_async((project_id,), expires=SWEPT_SECONDS)


@shared_task
def prepare_round(round_id: int) -> None:
    """Embed what is new, train, and send every shard of the pool to be scored."""
    from active.services import rounds

    for shard in rounds.prepare(round_id=round_id):
        score_shard.delay(shard)


@shared_task
def score_shard(shard_id: int) -> None:
    """Score one shard of the pool; the last one of a round leads on to choosing."""
    from active.services import rounds

    if (done := rounds.score(shard_id=shard_id)) is not None:
        finish_round.delay(done)


@shared_task
def finish_round(round_id: int) -> None:
    """Choose among what the shards found, and publish."""
    from active.services import rounds

    rounds.finish(round_id=round_id)


@shared_task
def score_new(project_id: int) -> None:
    """Embed items that came after the latest round, and queue those that the model in use is unsure about."""
    from active.services import streaming

    streaming.score_new(project_id=project_id)


@shared_task
def run_simulation(simulation_id: int) -> None:
    """Replay strategies on what a project has labeled."""
    from active.services import simulating

    simulating.run(simulation_id=simulation_id)


@shared_task
def index_similar(project_id: int) -> None:
    """Bring the vectors that are searched for similar items up to date."""
    from active.services import similar_index

    similar_index.run(project_id=project_id)


STEPS: dict[str, Any] = {"prepare": prepare_round, "score": score_shard, "finish": finish_round}


def round_soon(project_id: int) -> None:
    """Work off the round that was just asked for without waiting for the sweep."""
    for round in Round.objects.pending().filter(project=project_id):
        cast(Any, prepare_round).delay_on_commit(round.pk)


def simulate_soon(project_id: int) -> None:
    """Run the simulation that was just asked for without waiting for the sweep."""
    for simulation in Simulation.objects.filter(project=project_id, state="waiting"):
        cast(Any, run_simulation).delay_on_commit(simulation.pk)


def similar_soon(project_id: int) -> None:
    """See to the vectors of a project without waiting for the sweep."""
    cast(Any, index_similar).delay_on_commit(project_id)
