"""Figures of the whole installation, counted when Prometheus asks, but not more often than they change."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

from django.db import DatabaseError, connection, transaction
from django.db.models import Count, Min
from django.utils import timezone
from kombu.exceptions import KombuError
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from redis import RedisError

from active.models import Round
from annotation.models import ConsensusDue, Dataset, Item, Project
from config import health, heartbeats, metrics_endpoints
from config.celery import QUEUES
from labelmodel.models import LabelModelRun, WeakRun
from labelmodel.reports import weak_health

_KEEP_SECONDS = 30.0


class Installation(Collector):
    """Counts over all items take a while at a million: one thread counts them, at most every 30 seconds."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counted: list[Metric] = []
        self._counted_at = float("-inf")

    def collect(self) -> Iterator[Metric]:
        yield _components()
        yield from _broker()
        yield from metrics_endpoints.collect()
        yield from self._counts()

    def _counts(self) -> list[Metric]:
        with self._lock:
            if time.monotonic() - self._counted_at > _KEEP_SECONDS:
                self._counted = _database_counts()
                self._counted_at = time.monotonic()
            return self._counted


def _components() -> Metric:
    metric = GaugeMetricFamily("querent_component_up", "1 when the component works.", labels=["component"])
    for component in health.components():
        metric.add_metric([component.name], float(component.ok))
    return metric


def _broker() -> Iterator[Metric]:
    metric = GaugeMetricFamily("querent_broker_messages", "Tasks that wait in the broker.", labels=["queue"])
    try:
        for queue in QUEUES:
            metric.add_metric([queue], float(heartbeats.client().llen(queue)))
    except (RedisError, KombuError, OSError):
        return
    yield metric


def _database_counts() -> list[Metric]:
    """Nothing when the database is down or too busy to count in three seconds; labeling goes first."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = '3s'")
            return [_items(), _queue(), *_jobs(), *_consensus(), *_rounds(), *_functions()]
    except DatabaseError:
        return []


def _items() -> Metric:
    metric = GaugeMetricFamily("querent_items", "Items of all projects by state.", labels=["state"])
    counts = dict(Item.objects.order_by().values_list("state").annotate(Count("pk")))
    for state in Item.State:
        metric.add_metric([state.value], float(counts.get(state.value, 0)))
    return metric


def _queue() -> Metric:
    metric = GaugeMetricFamily("querent_queue_items", "Items that still want a judgment.", labels=["project"])
    open_items = Item.objects.filter(open_slots__gt=0).order_by()
    for project, count in open_items.values_list("project").annotate(Count("pk")):
        metric.add_metric([str(project)], float(count))
    return metric


def _jobs() -> Iterator[Metric]:
    jobs = GaugeMetricFamily("querent_jobs", "Jobs by kind and state.", labels=["kind", "state"])
    counts = dict(Dataset.objects.order_by().values_list("state").annotate(Count("pk")))
    for state in Dataset.State:
        jobs.add_metric(["import", state.value], float(counts.get(state.value, 0)))
    yield jobs
    oldest = Dataset.objects.filter(state=Dataset.State.WAITING).aggregate(at=Min("created_at"))["at"]
    age = (timezone.now() - oldest).total_seconds() if oldest else 0.0
    yield GaugeMetricFamily(
        "querent_job_wait_seconds", "Age of the oldest job that nobody has begun.", value=age
    )


def _consensus() -> Iterator[Metric]:
    due = ConsensusDue.objects.aggregate(count=Count("pk"), oldest=Min("created_at"))
    yield GaugeMetricFamily(
        "querent_consensus_due",
        "Changes of votes that the consensus does not rest on yet.",
        value=due["count"],
    )
    age = (timezone.now() - due["oldest"]).total_seconds() if due["oldest"] else 0.0
    yield GaugeMetricFamily("querent_consensus_due_seconds", "Age of the oldest of these changes.", value=age)
    runs = GaugeMetricFamily("querent_label_model_runs", "Fits of label models by state.", labels=["state"])
    counts = dict(LabelModelRun.objects.order_by().values_list("state").annotate(Count("pk")))
    for state in LabelModelRun.State:
        runs.add_metric([state.value], float(counts.get(state.value, 0)))
    yield runs


def _rounds() -> Iterator[Metric]:
    rounds = GaugeMetricFamily("querent_rounds", "Rounds of active learning by state.", labels=["state"])
    counts = dict(Round.objects.order_by().values_list("state").annotate(Count("pk")))
    for state in Round.State:
        rounds.add_metric([state.value], float(counts.get(state.value, 0)))
    yield rounds
    stuck = Round.objects.pending().order_by().aggregate(at=Min("moved_at"))["at"]
    age = (timezone.now() - stuck).total_seconds() if stuck else 0.0
    yield GaugeMetricFamily(
        "querent_round_idle_seconds",
        "How long nothing has moved in the round that stands still longest.",
        value=age,
    )


# Of each question that functions vote on: name, what it is, and where the figure is.
_OF_QUESTIONS = (
    ("querent_functions_coverage", "Share of items that labeling functions vote on.", "coverage"),
    ("querent_functions_conflict", "Share of items on which labeling functions disagree.", "conflict"),
    ("querent_functions_confidence", "Mean confidence of probable labels.", "mean_confidence"),
    ("querent_functions_brier", "Brier score of probable labels on labeled items; 0 is best.", "brier"),
    ("querent_functions_fit_seconds", "How long the last fit to their votes took.", "latency_seconds"),
)
# And of each function, by the last run over the pool.
_OF_FUNCTIONS = (
    ("querent_function_hit_rate", "Share of items that a labeling function votes on.", "hit_rate"),
    ("querent_function_drift", "Change of the hit rate since what it had seen before.", "drift"),
    ("querent_function_error_rate", "Share of items on which a labeling function raises.", "error_rate"),
    ("querent_function_abstain_spike", "1 when it votes less than half as often as before.", "spike"),
    ("querent_function_faulty", "1 when a labeling function cannot run.", "faulty"),
)


def _functions() -> Iterator[Metric]:
    runs = GaugeMetricFamily(
        "querent_function_fits", "Fits to what functions say, by state.", labels=["state"]
    )
    counts = dict(WeakRun.objects.order_by().values_list("state").annotate(Count("pk")))
    for state in WeakRun.State:
        runs.add_metric([state.value], float(counts.get(state.value, 0)))
    yield runs
    projects = Project.objects.filter(archived_at=None, function_versions__state="active").distinct()
    found = [
        (project.pk, one) for project in projects.select_related("schema") for one in weak_health.of(project)
    ]
    for name, about, field in _OF_QUESTIONS:
        metric = GaugeMetricFamily(name, about, labels=["project", "question"])
        for project, one in found:
            if (value := getattr(one, field)) is not None:
                metric.add_metric([str(project), one.question], float(value))
        yield metric
    for name, about, field in _OF_FUNCTIONS:
        metric = GaugeMetricFamily(name, about, labels=["project", "function"])
        for project, one in found:
            for function in one.functions:
                if function.function is not None and (value := getattr(function, field)) is not None:
                    metric.add_metric([str(project), str(function.function)], float(value))
        yield metric
