"""The Celery app: `celery -A config worker|beat`. Tasks carry ids only; the row that they name is the pending work."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import socket
import warnings
from typing import Any

from celery import Celery, bootsteps, signals
from celery.beat import Scheduler
from celery.contrib.django.task import DjangoTask
from celery.exceptions import SecurityWarning
from django.db import transaction
from redis import RedisError

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from django.conf import settings

from config import heartbeats
from config.embedded.programs import die_with_parent

BEAT = f"beat@{socket.gethostname()}"
QUEUES = ("default", "votes", "scoring", "training")

BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    # Gives expired leases back and picks up jobs that nobody works on. A late one is worthless: the next one does it.
    "sweep": {"task": "annotation.tasks.sweep", "schedule": 10.0, "options": {"expires": 10.0}},
    # Consensus follows the votes within seconds.
    "consensus": {"task": "labelmodel.tasks.sweep", "schedule": 2.0, "options": {"expires": 2.0}},
    # Items that come get votes of labeling functions within seconds.
    "functions": {"task": "labelmodel.tasks.sweep_functions", "schedule": 5.0, "options": {"expires": 5.0}},
    # Their votes become probable labels within seconds.
    "probable": {"task": "labelmodel.tasks.sweep_probable", "schedule": 5.0, "options": {"expires": 5.0}},
    # What happened is told to webhooks within seconds.
    "webhooks": {"task": "annotation.tasks.tell_webhooks", "schedule": 2.0, "options": {"expires": 2.0}},
    # Takes away what nobody names any more.
    "files": {"task": "annotation.tasks.clean_files", "schedule": 21_600.0, "options": {"expires": 21_600.0}},
    # Starts rounds whose time has come, and takes up what a worker left behind or what arrived since.
    "rounds": {"task": "active.tasks.sweep", "schedule": 5.0, "options": {"expires": 5.0}},
}


class Task(DjangoTask):  # type: ignore[type-arg]  # not generic at run time
    """A task whose prompt start may fail: the row is there, and the sweep finds it."""

    def delay_on_commit(self, *args: Any, **kwargs: Any) -> None:  # type: ignore[override]  # as in DjangoTask
        def enqueue() -> None:
            self.delay(*args, **kwargs)

        # robust: a broker that is down must not turn a saved change into an error page.
        transaction.on_commit(enqueue, robust=True)


class BeatScheduler(Scheduler):
    """Keeps its schedule in memory, as it holds short intervals only, and gives a sign of life."""

    def tick(self, *args: Any, **kwargs: Any) -> float:
        with contextlib.suppress(RedisError):
            heartbeats.give("beat", BEAT)
        return float(super().tick(*args, **kwargs))

    def close(self) -> None:
        with contextlib.suppress(RedisError):
            heartbeats.give("beat", BEAT, stopping=True)
        super().close()


def celery_url(url: str) -> str:
    """redis-py's form of a Unix socket's address in Celery's form; any other address as it is."""
    if not url.startswith("unix://"):
        return url
    path, _, query = url.removeprefix("unix://").partition("?")
    return f"redis+socket://{path}?{query.replace('db=', 'virtual_host=') or 'virtual_host=0'}"


app = Celery("querent", task_cls=Task)
app.conf.update(
    broker_url=celery_url(settings.CELERY_BROKER_URL),
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    result_backend=celery_url(settings.REDIS_URL),
    result_expires=3600,
    task_ignore_result=True,
    task_store_errors_even_if_ignored=False,
    task_serializer="json",
    result_serializer="json",
    accept_content=["json"],
    task_default_queue="default",
    task_create_missing_queues=False,
    task_queues={name: {"exchange": name, "routing_key": name} for name in QUEUES},
    # What takes a processor for long has workers of its own.
    task_routes={
        "active.tasks.prepare_round": {"queue": "training"},
        "active.tasks.finish_round": {"queue": "training"},
        "active.tasks.run_simulation": {"queue": "training"},
        "active.tasks.score_shard": {"queue": "scoring"},
        "active.tasks.score_new": {"queue": "scoring"},
        "active.tasks.index_similar": {"queue": "scoring"},
        "labelmodel.tasks.run_functions": {"queue": "scoring"},
        "labelmodel.tasks.ask_for_votes": {"queue": "scoring"},
        # What comes gets its votes, and its probable label, within a minute, whatever else there is to do.
        "labelmodel.tasks.sweep_functions": {"queue": "votes"},
        "labelmodel.tasks.look_for_items": {"queue": "votes"},
        "labelmodel.tasks.sweep_probable": {"queue": "votes"},
        "labelmodel.tasks.judge_items": {"queue": "votes"},
        "labelmodel.tasks.fit_functions": {"queue": "training"},
    },
    task_acks_late=True,
    # The message of a task that killed its process is dropped, not redelivered for ever: the sweep picks its row up,
    # and the row counts the attempts.
    task_reject_on_worker_lost=False,
    task_publish_retry_policy={"max_retries": 1, "interval_start": 0, "interval_max": 0.2},
    worker_prefetch_multiplier=1,
    worker_max_memory_per_child=1_500_000,  # KiB
    # A task that runs while the broker is away goes on; its message, delivered again, finds the work done.
    worker_cancel_long_running_tasks_on_connection_loss=False,
    worker_hijack_root_logger=False,
    worker_redirect_stdouts=False,
    beat_schedule=BEAT_SCHEDULE,
    beat_scheduler="config.celery:BeatScheduler",
    beat_max_loop_interval=5,
    timezone="UTC",
)
if app.conf.broker_url.startswith("redis"):
    app.conf.broker_transport_options = {
        # Longer than the longest task, or a task that still runs would be given to a second worker.
        "visibility_timeout": 6 * 3600,
        "socket_timeout": 5,
        "socket_connect_timeout": 2,
    }
app.autodiscover_tasks()
if settings.DEMO:
    # Whoever tries the demo as root knows; only ids in JSON are read from the broker.
    warnings.simplefilter("ignore", SecurityWarning)


def _consumed(consumer: Any) -> set[str]:
    return {queue.name for queue in consumer.task_consumer.queues} if consumer.task_consumer else set()


class SignOfLife(bootsteps.StartStopStep):
    """While the worker can hear the broker, say so every two seconds."""

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def __init__(self, parent: Any, **options: Any) -> None:
        super().__init__(parent, **options)
        self.timer: Any = None

    def start(self, parent: Any) -> None:
        self._give(parent)
        self.timer = parent.timer.call_repeatedly(2.0, self._give, (parent,))

    def stop(self, parent: Any) -> None:
        if self.timer:
            self.timer.cancel()
            self._give(parent, stopping=True)

    def _give(self, parent: Any, *, stopping: bool = False) -> None:
        with contextlib.suppress(RedisError):
            heartbeats.give("worker", parent.hostname, _consumed(parent), stopping=stopping)


app.steps["consumer"].add(SignOfLife)


@signals.setup_logging.connect
def _log_as_settings_say(**_: Any) -> None:
    """A receiver of this signal keeps Celery from replacing the logging that the settings configured."""
    for name in ("celery.worker.strategy", "celery.worker.request", "celery.app.trace", "celery.beat"):
        # A line for each task received, expired or done, fifty sweeps a minute, would hide what matters.
        logging.getLogger(name).setLevel(logging.WARNING)
    # Announces another default for worker_cancel_long_running_tasks_on_connection_loss, which is set above.
    logging.getLogger("py.warnings").addFilter(
        lambda record: "CPendingDeprecation" not in record.getMessage()
    )


@signals.worker_process_init.connect
def _end_with_worker(**_: Any) -> None:
    """A pool process that outlives a killed worker would go on with a task that another one has begun again."""
    die_with_parent(signal.SIGKILL)


@signals.worker_process_init.connect
def _one_thread(**_: Any) -> None:
    """Pool processes share the cores: numerical libraries that use all of them in each get less done, up to 20 times.

    Read when they are first imported, which is later; whoever gives a process more cores sets these variables.
    """
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")


@signals.worker_init.connect
def _measure_tasks(**_: Any) -> None:
    from config import task_metrics

    task_metrics.connect()
