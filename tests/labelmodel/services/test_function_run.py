"""Functions run over the pool: what is missing, no more, whatever happens meanwhile."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from django.utils import timezone

from annotation.models import Item, Project
from annotation.services.jobs import Lost
from labelmodel.functions import Batch, Cast
from labelmodel.models import FunctionRun, VoteShard, WeakSettings
from labelmodel.services import (
    function_blocks,
    function_limits,
    function_pool,
    function_review,
    function_rules,
    function_run,
    functions,
    run_requests,
    weak_settings,
)
from labelmodel.services.run_lines import Line
from labelmodel.tasks import sweep_functions
from tests.factories import make_item
from tests.labelmodel.services.function_help import (
    activate,
    active,
    add_items,
    all_first,
    draft,
    reviews,
    run,
    said,
    told,
    words,
)
from tests.labelmodel.services.test_functions import relabel

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return reviews()


def request(project: Project, kind: str = "new") -> FunctionRun:
    return run_requests.request(project=project, by=project.created_by, kind=kind)


def line(run: FunctionRun, version: Any) -> Line:
    return Line.of(run.lines[str(version.pk)])


def test_votes_of_a_run_are_kept_by_block(project: Project) -> None:
    version = active(project, definition={"rules": [words("positive", "good"), words("negative", "bad")]})

    assert said(version) == {
        "item-00000": "positive",
        "item-00001": "negative",
        "item-00002": "positive",
        "item-00003": None,
        "item-00004": "positive",
        "item-00005": "negative",
    }
    blocks = {pk // 65_536 for pk in project.items.values_list("pk", flat=True)}
    assert {shard.block for shard in VoteShard.objects.all()} == blocks
    shards = VoteShard.objects.filter(version=version)
    assert sum(shard.seen for shard in shards) == 6
    assert sum(shard.cast.get("positive", 0) for shard in shards) == 3


def test_a_run_says_what_each_version_did(project: Project) -> None:
    version = active(project)

    done = project.function_runs.get(kind="new")

    assert (done.state, done.versions, done.trigger) == ("done", [version.pk], "change")
    assert (done.done, done.total) == (6, 6)
    told_ = line(done, version)
    assert (told_.evaluated, told_.votes, told_.hit_rate) == (6, {"positive": 3}, 0.5)
    assert (told_.errors, told_.fault, told_.hit_rate_before, told_.drift) == (0, "", None, None)


def test_only_what_is_missing_is_looked_at(project: Project) -> None:
    first = active(project)
    second = activate(draft(project, "bad words", words("negative", "bad")))
    add_items(project, ["good bad"])

    done = run(project)

    assert line(done, first).evaluated == 1
    assert line(done, second).evaluated == 7
    assert said(first)["item-00006"] == "positive"
    assert said(second)["item-00006"] == "negative"


def test_a_payload_that_changed_is_looked_at_again(project: Project) -> None:
    version = active(project)
    VoteShard.objects.update(read_at=timezone.now() + timedelta(hours=1))
    item = project.items.get(key="item-00001")
    Item.objects.filter(pk=item.pk).update(payload={"text": "good after all"})
    VoteShard.objects.update(read_at=timezone.now())

    request(project)
    done = run(project)

    assert line(done, version).evaluated == 1
    assert said(version)["item-00001"] == "positive"
    request(project)
    assert line(run(project), version).evaluated == 0


def test_items_that_are_gone_are_forgotten(project: Project) -> None:
    version = active(project)
    project.items.get(key="item-00000").delete()

    request(project)
    done = run(project)

    assert line(done, version).evaluated == 0
    (shard,) = VoteShard.objects.filter(version=version)
    assert (shard.seen, shard.cast) == (5, {"positive": 2})
    assert not function_pool.due(function_pool.blocks(project.pk), [version.pk], timezone.now())


def test_everything_is_looked_at_anew_where_asked(project: Project) -> None:
    version = active(project)

    request(project, kind="all")
    done = run(project)

    assert line(done, version).evaluated == 6
    assert line(done, version).hit_rate_before == 0.5
    # Of so few items no drift is told.
    assert (line(done, version).drift, line(done, version).drift_z) == (None, None)


def test_asking_twice_is_asking_once(project: Project) -> None:
    active(project)

    assert request(project) == request(project)
    assert request(project, kind="all") != request(project)


def test_several_blocks_each_in_parts(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(function_pool, "MOST_BYTES", 1)
    far = 10 * 65_536 + project.items.latest("pk").pk
    for n, text in enumerate(("good", "bad")):
        item = make_item(project, f"far-{n}", {"text": text})
        item.pk = far + n
        item.save()

    version = active(project)

    assert said(version) == {key: None if key in {"item-00001", "item-00003", "item-00005", "far-1"} else "positive"
                             for key in project.items.values_list("key", flat=True)}  # fmt: skip
    assert VoteShard.objects.filter(version=version).count() == 2


def test_fields_that_are_missing_null_empty_or_no_text(project: Project) -> None:
    for n, payload in enumerate(
        [{}, {"text": None}, {"text": ""}, {"text": 7}, {"text": ["good"]}, {"text": "gööd ☺"}]
    ):
        make_item(project, f"odd-{n}", payload).save()
    make_item(project, "list", [1, 2]).save()  # type: ignore[arg-type]

    version = active(project, definition=words("positive", "good", "gööd"))

    found = said(version)
    assert [found[f"odd-{n}"] for n in range(6)] == [None, None, None, None, "positive", "positive"]
    assert found["list"] is None


def test_a_field_that_few_items_have_stays_known(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    rare = project.items.earliest("pk")
    Item.objects.filter(pk=rare.pk).update(payload={"text": "good", "note": "really good"})
    version = active(project, definition={**words("positive", "really"), "fields": ["note"]})
    monkeypatch.setattr(function_rules, "SAMPLED", 1)
    Item.objects.filter(pk=rare.pk).update(payload={"text": "good"})
    Item.objects.filter(key="item-00002").update(payload={"note": "really"})

    request(project)
    done = run(project)

    assert line(done, version).fault == ""
    assert said(version)["item-00002"] == "positive"


def test_sensitive_fields_reach_no_function(project: Project) -> None:
    weak_settings.change(project=project, by=project.created_by, sensitive_fields=["secret"])
    project.items.update(payload={"text": "good", "secret": "x"})
    seen: list[Any] = []

    def look(batch: Batch) -> Cast:
        seen.append(batch.table.columns)
        return all_first(batch)

    with told(look):
        active(project, kind="told", definition={})

    assert seen
    assert {name for columns in seen for name in columns} == {"text"}


def test_a_function_that_raises_is_counted_and_others_run(project: Project) -> None:
    ill: list[str] = []

    def fail(batch: Batch) -> Cast:
        if ill:
            raise RuntimeError(ill[0])
        return all_first(batch)

    with told(fail):
        broken, fine = active(project, "broken", {}, kind="told"), active(project)
        ill.append("no idea")
        request(project, kind="all")
        done = run(project)

    assert (line(done, broken).errors, line(done, broken).votes) == (6, {})
    first = project.items.earliest("pk").pk
    assert line(done, broken).messages == [{"item": first, "message": "RuntimeError: no idea"}]
    assert VoteShard.objects.get(version=broken).errors == 6
    assert line(done, fine).votes == {"positive": 3}


def test_what_cannot_run_says_why_before_it_runs_and_others_run(project: Project) -> None:
    good, bad = active(project), active(project, "bad words", words("negative", "bad"))
    relabel(project, labels=["negative", "neutral"])
    add_items(project, ["good bad"])

    request(project)
    done = run(project)

    assert "“positive”, which the question" in line(done, good).fault
    assert line(done, good).evaluated == 0
    assert (line(done, bad).fault, line(done, bad).votes) == ("", {"negative": 1})


def test_the_pool_may_grow_while_a_run_goes(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    version = activate(draft(project))
    do = function_blocks.do
    grown: list[int] = []

    def grow(*args: Any, **options: Any) -> None:
        do(*args, **options)
        if not grown:
            grown.extend(item.pk for item in add_items(project, ["good late"]))

    monkeypatch.setattr(function_blocks, "do", grow)
    done = run(project)

    assert grown
    assert said(version)["item-00006"] == "positive"
    assert line(done, version).evaluated == 7


def make_blocks(project: Project, count: int) -> None:
    """So many blocks with one item each."""
    items = [make_item(project, f"block-{n}", {"text": "good"}) for n in range(count)]
    for n, item in enumerate(items):
        item.pk = (30 + n) * function_pool.BLOCK
    Item.objects.bulk_create(items)


@pytest.mark.parametrize("kind", ["new", "all"])
def test_a_long_run_goes_by_slices_and_what_comes_is_first_in_each(project: Project, kind: str) -> None:
    make_blocks(project, 4)
    old = active(project)
    new = activate(draft(project, "other words", words("negative", "good")))
    if kind == "all":
        run(project)
    job = request(project, kind)
    assert function_run.run_project(project_id=project.pk, seconds=0)
    job.refresh_from_db()
    assert (job.state, job.attempts) == ("running", 0)
    before = len(said(new))
    # Into the last block, to which the run has not come.
    late = make_item(project, "late", {"text": "good"})
    late.pk = 33 * function_pool.BLOCK + 7
    Item.objects.bulk_create([late])

    assert function_run.run_project(project_id=project.pk, seconds=0)

    assert said(old)["late"] == "positive"
    assert len(said(new)) == before + (kind == "all")
    while function_run.run_project(project_id=project.pk, seconds=0):
        pass
    assert len(said(old)) == len(said(new)) == project.items.count()
    job.refresh_from_db()
    assert (job.state, job.done) == ("done", job.total)


def test_a_trial_does_not_wait_for_a_long_run() -> None:
    project = reviews([])
    make_blocks(project, 3)
    activate(draft(project))
    request(project)
    function_run.run_project(project_id=project.pk, seconds=0)
    version = draft(project, "other words", words("negative", "good"))
    function_review.submit(version=version, by=project.created_by)
    function_review.approve(version=version, by=project.created_by)

    assert function_run.run_project(project_id=project.pk, seconds=0)

    assert project.function_runs.filter(kind="canary").latest("pk").state == "done"
    assert project.function_runs.exclude(kind="canary").get().state == "running"


def test_what_a_slow_function_left_does_not_keep_blocks_from_others(project: Project) -> None:
    first, second = activate(draft(project)), activate(draft(project, "other words"))
    make_blocks(project, 2)
    run(project)
    left = VoteShard.objects.filter(version=first, block=30)
    left.update(stamp="")
    VoteShard.objects.filter(version=second, block__gte=30).delete()

    turns = function_pool.in_turn(
        function_pool.blocks(project.pk), {first.pk, second.pk}, function_pool.now()
    )

    assert turns == ({}, {30: {second.pk}, 31: {second.pk}}, {30: {first.pk}})


def test_what_was_left_for_later_is_looked_at_then(project: Project) -> None:
    left: list[int] = [2]

    def busy(batch: Batch) -> Cast:
        unseen = dict.fromkeys(range(left[0]), "All keys rest.")
        return Cast(np.zeros(len(batch), dtype=np.int16), unseen=unseen, again_in=3600.0)

    with told(busy):
        version = active(project, "busy", {}, kind="told")
        done = run(project)
        assert (line(done, version).evaluated, line(done, version).unseen) == (4, 2)
        assert line(done, version).later == "All keys rest."
        (shard,) = VoteShard.objects.filter(version=version)
        assert (shard.seen, shard.stamp) == (4, "")
        assert function_run.look(project_id=project.pk) is None

        left[0] = 0
        VoteShard.objects.update(again_at=timezone.now())
        assert run_requests.arrived() == [project.pk]
        assert function_run.look(project_id=project.pk) is not None
        done = run(project)

    assert line(done, version).evaluated == 2
    assert len(said(version)) == 6


def test_what_one_leaves_for_later_does_not_keep_others_from_what_comes(project: Project) -> None:
    lacks: list[str] = []

    def busy(batch: Batch) -> Cast:
        later = dict.fromkeys(range(len(batch)), lacks[0]) if lacks else {}
        return Cast(np.zeros(len(batch), dtype=np.int16), unseen=later, again_in=3600.0)

    with told(busy):
        waiting, other = active(project, "busy", {}, kind="told"), active(project)
        lacks.append("No vector.")
        VoteShard.objects.filter(version=waiting).delete()
        assert function_run.look(project_id=project.pk) is not None
        assert {line(run(project), one).evaluated for one in (waiting, other)} == {0}

        add_items(project, ["good news"])
        assert function_run.look(project_id=project.pk) is not None
        assert line(run(project), other).votes == {"positive": 1}


def test_a_function_that_votes_on_too_much_is_stopped(project: Project) -> None:
    add_items(project, ["good"] * 200)

    version = active(project, most_share=0.5)

    version.function.refresh_from_db()
    assert version.function.stopped_at is not None
    assert version.function.stopped_by is None
    assert "votes on 98.5% of 206 items; at most 50.0% are allowed" in version.function.stopped_reason
    assert line(project.function_runs.get(kind="new"), version).fault == version.function.stopped_reason


def test_a_function_that_votes_too_often_is_stopped(project: Project) -> None:
    version = active(project, most_votes_an_hour=4)
    version.function.refresh_from_db()
    assert version.function.stopped_at is None

    add_items(project, ["good", "so good"])
    request(project)
    run(project)

    version.function.refresh_from_db()
    assert version.function.stopped_reason == "It cast 5 votes within an hour; at most 4 are allowed."


def test_a_function_that_is_too_slow_is_stopped(project: Project) -> None:
    with told(lambda batch: Cast(np.zeros(len(batch), dtype=np.int16), stopped=1)):
        version = active(project, "slow", {}, kind="told")

    version.function.refresh_from_db()
    assert "got to 1 items within 30 seconds" in version.function.stopped_reason
    assert said(version).keys() == {"item-00000"}


def test_what_was_not_reached_in_time_is_looked_at_again(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(function_limits, "LEAST_A_SECOND", 0)

    with told(lambda batch: Cast(np.zeros(len(batch), dtype=np.int16), stopped=min(2, len(batch)))):
        version = active(project, "slow", {}, kind="told")

    done = line(project.function_runs.get(kind="new"), version)
    assert (len(said(version)), done.evaluated, done.fault) == (6, 6, "")


def test_a_function_stopped_while_it_runs_writes_nothing(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    version, other = active(project), active(project, "other")
    add_items(project, ["good news"])
    request(project)
    content = function_pool.content

    def stop(*args: Any) -> function_pool.Content:
        functions.stop(function=version.function, by=project.created_by, reason="Enough.")
        return content(*args)

    monkeypatch.setattr(function_pool, "content", stop)
    done = run(project)

    assert (done.state, line(done, version).fault) == ("done", function_blocks.GONE)
    assert "item-00006" not in said(version)
    assert said(other)["item-00006"] == "positive"


def test_drift_of_the_hit_rate_is_told(project: Project) -> None:
    add_items(project, ["good", "other"] * 100)
    version = active(project)
    add_items(project, ["other"] * 100)

    request(project)
    drifted = line(run(project), version)

    assert (drifted.hit_rate, drifted.hit_rate_before) == (0.0, 0.5)
    assert drifted.drift == -0.5
    assert drifted.drift_z is not None
    assert drifted.drift_z < -5

    add_items(project, ["good"])
    request(project)
    one = line(run(project), version)
    assert (one.hit_rate, one.drift) == (1.0, None)


def test_a_cancelled_run_stops_and_the_next_goes_on(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = activate(draft(project))
    job = project.function_runs.get(state="waiting")
    do = function_blocks.do

    def cancelled(*args: Any, **options: Any) -> None:
        FunctionRun.objects.filter(pk=job.pk).update(state="cancelled", finished_at=timezone.now())
        do(*args, **options)

    with monkeypatch.context() as patched:
        patched.setattr(function_blocks, "do", cancelled)
        function_run.run_project(project_id=project.pk)
    job.refresh_from_db()
    assert job.state == "cancelled"
    assert not VoteShard.objects.exists()

    run_requests.retry(run=job, by=project.created_by)
    done = run(project)

    assert (done.pk, done.state, line(done, version).evaluated) == (job.pk, "done", 6)


def test_a_run_of_everything_goes_on_behind_the_last_block(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = make_item(project, "far", {"text": "good"})
    item.pk = 10 * 65_536 + project.items.latest("pk").pk
    item.save()
    version = active(project)
    request(project, kind="all")
    do, blocks = function_blocks.do, list[int]()

    def once(work: Any, number: int, *args: Any, **options: Any) -> None:
        if blocks:
            raise Lost
        blocks.append(number)
        do(work, number, *args, **options)

    with monkeypatch.context() as patched:
        patched.setattr(function_blocks, "do", once)
        function_run.run_project(project_id=project.pk)
    job = project.function_runs.get(kind="all")
    assert (job.state, job.cursor, line(job, version).evaluated) == ("running", blocks[0], 6)

    FunctionRun.objects.update(heartbeat_at=timezone.now() - timedelta(minutes=1))
    done = run(project)

    assert (done.state, line(done, version).evaluated, done.done) == ("done", 7, 7)


def test_items_that_come_are_found_and_voted_on(project: Project) -> None:
    version = active(project)
    assert function_run.look(project_id=project.pk) is None
    add_items(project, ["good news"])
    assert run_requests.arrived() == [project.pk]

    made = function_run.look(project_id=project.pk)

    assert made is not None
    assert (made.trigger, made.kind) == ("items", "new")
    assert run_requests.arrived() == []
    run(project)
    assert said(version)["item-00006"] == "positive"


def test_long_after_the_last_look_nothing_is_due_until_something_comes(project: Project) -> None:
    active(project)
    Item.objects.update(created_at=timezone.now() - timedelta(hours=2))
    WeakSettings.objects.update(looked_at=timezone.now() - timedelta(hours=1))
    assert run_requests.arrived() == []

    Item.objects.filter(key="item-00001").update(payload={"text": "good"})

    assert run_requests.arrived() == [project.pk]
    assert function_run.look(project_id=project.pk) is not None


def test_nothing_runs_by_itself_where_a_project_does_not_want_it(project: Project) -> None:
    active(project)
    weak_settings.change(project=project, by=project.created_by, automatic=False)
    add_items(project, ["good news"])

    assert run_requests.arrived() == []


def test_after_a_run_that_got_nowhere_the_sweep_waits(project: Project) -> None:
    active(project)
    add_items(project, ["good news"])
    made = function_run.look(project_id=project.pk)
    assert made is not None
    run_requests.cancel(run=made, by=project.created_by)

    assert function_run.look(project_id=project.pk) is None
    FunctionRun.objects.filter(pk=made.pk).update(finished_at=timezone.now() - timedelta(minutes=6))
    assert function_run.look(project_id=project.pk) is not None


def test_the_sweep_does_it_all(project: Project) -> None:
    from config.celery import app

    version = activate(draft(project))
    app.conf.task_always_eager = True
    try:
        sweep_functions()
        add_items(project, ["good news"])
        sweep_functions()
    finally:
        app.conf.task_always_eager = False

    assert said(version)["item-00006"] == "positive"
    assert not FunctionRun.objects.exclude(state="done").exists()


def test_a_hundred_functions_that_say_the_same(project: Project) -> None:
    one = draft(project)
    for n in range(99):
        draft(project, f"copy {n}")
    for version in project.function_versions.all():
        type(version).objects.filter(pk=version.pk).update(state="active", activated_at=timezone.now())

    request(project)
    done = run(project)

    assert len(done.lines) == 100
    assert {line["evaluated"] for line in done.lines.values()} == {6}
    assert said(one)["item-00000"] == "positive"


def test_the_oldest_runs_are_forgotten(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_requests, "KEPT_RUNS", 2)
    active(project)
    for _ in range(3):
        request(project)
        run(project)

    assert project.function_runs.count() == 2
