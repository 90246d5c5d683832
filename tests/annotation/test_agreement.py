"""Agreement reports: small cases worked out by hand, bad input, and that nothing is computed needlessly or too late."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.utils import timezone

from annotation.models import Annotation, Consensus, Item, Lease, Project, User
from annotation.reports import agreement
from annotation.reports.agreement_figures import Figures, Measured, OnQuestion
from tests.factories import SENTIMENT, make_dataset, make_member, make_project, make_user

TOPICS: list[dict[str, Any]] = [
    {"name": "topics", "type": "multiple_choice", "labels": [{"value": "a"}, {"value": "b"}, {"value": "c"}]}
]


def write(
    project: Project, user: User, said: list[Any], *, name: str = "sentiment", ago: timedelta | None = None
) -> None:
    """This person's answers to the project's items in order, None for none, straight into the tables."""
    now = timezone.now() - (ago or timedelta())
    items = list(project.items.order_by("pk"))
    told = [(item, value) for item, value in zip(items, said, strict=False) if value is not None]
    made = Annotation.objects.bulk_create(
        Annotation(
            project=project,
            item=item,
            annotator=user,
            schema=project.schema,
            answer={name: value},
            nonce=f"{user.pk}-{item.pk}",
            created_at=now + timedelta(seconds=number),
        )
        for number, (item, value) in enumerate(told)
    )
    Lease.objects.bulk_create(
        Lease(
            project=project,
            item=one.item,
            annotator=user,
            state="submitted",
            created_at=now,
            expires_at=now,
            annotation=one,
        )
        for one in made
    )
    project.memberships.filter(user=user).update(answered=len(told))


def on(project: Project, name: str = "sentiment") -> OnQuestion:
    found = agreement.compute(project.pk).question(name)
    assert found is not None
    return found


def measured(found: OnQuestion, name: str) -> Measured:
    return next(one for one in found.measured if one.name == name)


P, N, U = "positive", "negative", "neutral"


# By hand


def test_two_people_on_four_items(project: Project, annotator: User, second_annotator: User) -> None:
    """Three of four alike: 75 %. Chance by Cohen: 1/2 · 1/4 + 1/2 · 3/4 = 1/2, so kappa is (3/4 - 1/2) / (1/2)."""
    write(project, annotator, [P, P, N, N])
    write(project, second_annotator, [P, N, N, N])

    found = on(project)

    assert measured(found, "percent").value == pytest.approx(0.75)
    assert measured(found, "cohen").value == pytest.approx(0.5)
    assert (found.chosen.name, found.chosen.n_items, found.chosen.n_judgments) == ("alpha", 4, 8)
    assert found.chosen.low is not None
    assert found.chosen.low <= (found.chosen.value or 0) <= (found.chosen.high or 0)


def test_pairs_are_told_by_name_with_the_items_that_they_share(
    project: Project, annotator: User, second_annotator: User
) -> None:
    third = make_member(project, user=make_user("cleo"))
    write(project, annotator, [P, P, N, N])
    write(project, second_annotator, [P, N, N, N])
    write(project, third, [None, None, N, None, U])

    found = on(project).pairs

    assert found.people == ("anna", "bert", "cleo")
    assert [(pair.first, pair.second, pair.percent, pair.n_items) for pair in found.pairs] == [
        ("anna", "bert", 0.75, 4),
        ("anna", "cleo", 1.0, 1),
        ("bert", "cleo", 1.0, 1),
    ]
    assert found.pairs[0].value == pytest.approx(0.5)
    assert found.pairs[1].value is None


def test_the_most_confused_labels_lead_to_their_items(
    project: Project, annotator: User, second_annotator: User
) -> None:
    write(project, annotator, [P, P, N, U])
    write(project, second_annotator, [N, N, N, P])

    first, second = on(project).confused

    assert (first.first_title, first.second_title, first.count, first.n_items) == (
        "Positive",
        "Negative",
        2,
        2,
    )
    assert [key for _, key in first.items] == ["item-00001", "item-00000"]
    assert (second.first, second.second, second.count) == ("positive", "neutral", 1)


def test_each_label_by_itself(project: Project, annotator: User, second_annotator: User) -> None:
    """Of six answers that said positive, four were met by another; negative was said twice and never met."""
    write(project, annotator, [P, P, P, N])
    write(project, second_annotator, [P, P, N, P])

    found = {one.label: one for one in on(project).labels}

    assert found[P].specific == pytest.approx(4 / 6)
    assert found[N].specific == 0
    assert (found[P].n_judgments, found[P].n_items) == (6, 4)


def test_each_dataset_by_itself(project: Project, annotator: User, second_annotator: User) -> None:
    dataset = make_dataset(project, name="reviews")
    chosen = project.items.order_by("pk").values_list("pk", flat=True)[2:]
    Item.objects.filter(pk__in=list(chosen)).update(dataset=dataset)
    write(project, annotator, [P, N, P, N, P])
    write(project, second_annotator, [N, P, P, N, P])

    found = {part.name: part.measured for part in on(project).datasets}

    assert found["reviews"].value == pytest.approx(1)
    assert (found["added by hand"].value or 0) < 0


def test_sets_are_compared_by_what_they_share(owner: User) -> None:
    project = make_project(owner=owner, items=3, questions=TOPICS)
    for said in ([["a", "b"], ["c"], ["a"]], [["a"], ["c"], ["a"]]):
        write(project, make_member(project), said, name="topics")

    found = on(project, "topics")

    assert found.level == "set"
    assert found.chosen.name == "alpha-jaccard"
    assert 0.5 < (found.chosen.value or 0) < 1
    assert [(one.first_title, one.second_title) for one in found.confused] == [("a", "a, b")]


def test_what_people_said_beside_the_consensus(
    project: Project, annotator: User, second_annotator: User
) -> None:
    write(project, annotator, [P, P, N])
    write(project, second_annotator, [P, N, N])
    for item, value in zip(project.items.order_by("pk"), [P, P, N], strict=False):
        Consensus.objects.create(
            project=project,
            item=item,
            question="sentiment",
            value=value,
            confidence=0.9,
            entropy=0.2,
            votes=2,
            unanimous=True,
            method="majority",
            schema=project.schema,
            updated_at=timezone.now(),
        )

    found = on(project).against

    assert found is not None
    assert (found.titles, found.counts) == (("Positive", "Negative"), ((3, 1), (0, 2)))
    assert (found.same, found.n_judgments) == (5, 6)


# Time


def test_the_course_of_the_work_is_told_by_tenths(owner: User) -> None:
    project = make_project(owner=owner, items=100)
    for wrong in (0, 50):
        write(project, make_member(project), [N if n < wrong else (P, N)[n % 2] for n in range(100)])

    found = on(project)

    assert found.over == "tenth"
    assert [part.name for part in found.over_time][:2] == ["0–10 %", "10–20 %"]
    assert found.over_time[-1].measured.value == pytest.approx(1)
    assert (found.over_time[0].measured.value or 0) < 0.5


def test_long_work_is_told_by_weeks(owner: User) -> None:
    project = make_project(owner=owner, items=40)
    for _ in range(2):
        user = make_member(project)
        for week in range(4):
            said = [P if 10 * week <= n < 10 * week + 10 else None for n in range(40)]
            write(project, user, said, ago=timedelta(weeks=week))

    found = on(project)

    assert found.over == "week"
    assert [part.measured.n_items for part in found.over_time] == [10, 10, 10, 10]


# Bad input


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [
        ([], [], "There are no answers yet."),
        ([P, N], [], "Only one annotator has answered; agreement takes two."),
        ([P, None], [None, P], "No item has answers of two annotators yet."),
        ([P, P], [P, P], "Every answer is the same"),
    ],
    ids=["nothing", "one annotator", "no overlap", "one label"],
)
def test_what_is_undefined_says_why(
    project: Project, annotator: User, second_annotator: User, first: Any, second: Any, reason: str
) -> None:
    write(project, annotator, first)
    write(project, second_annotator, second)

    found = on(project)

    assert found.chosen.value is None
    assert reason in found.chosen.meaning
    assert found.over_time == found.confused == ()


def test_ten_thousand_labels(owner: User) -> None:
    labels = [{"value": f"label {n}"} for n in range(10_000)]
    question = {"name": "sentiment", "type": "single_choice", "labels": labels}
    project = make_project(owner=owner, items=300, questions=[question])
    for shift in (0, 1):
        write(project, make_member(project), [f"label {n * 30 + shift * (n % 3 == 0)}" for n in range(300)])

    found = on(project)

    assert measured(found, "percent").value == pytest.approx(2 / 3)
    assert (len(found.labels), found.n_labels) == (50, 400)
    assert len(found.confused) == 10


def test_a_project_without_questions_has_nothing_to_compare(owner: User) -> None:
    project = Project.objects.create(name="Bare", created_by=owner)

    assert agreement.latest(project).figures is not None
    assert agreement.compute(project.pk).questions == ()


def test_text_is_not_compared(owner: User) -> None:
    project = make_project(owner=owner, questions=[*SENTIMENT, {"name": "why", "type": "text"}])

    assert [one.name for one in agreement.compute(project.pk).questions] == ["sentiment"]


def test_simulated_people_are_said_to_be_simulated(project: Project, annotator: User) -> None:
    write(project, annotator, [P])
    assert not agreement.compute(project.pk).simulated

    write(project, make_member(project, user=make_user(demo=True)), [P])
    assert agreement.compute(project.pk).simulated


# Keeping


def test_figures_are_kept_until_something_changes(
    project: Project, annotator: User, second_annotator: User
) -> None:
    write(project, annotator, [P, N])
    before = agreement.latest(project).figures
    assert agreement.latest(project).figures == before
    cache.set(agreement._key(project.pk), _aged(before, timedelta(minutes=11)))

    write(project, second_annotator, [P, N])
    after = agreement.latest(project).figures

    assert (before and before.people, after and after.people) == (1, 2)


def test_much_is_left_to_a_worker_and_asked_for_once(project: Project, annotator: User) -> None:
    write(project, annotator, [P, N])
    project.memberships.filter(user=annotator).update(answered=agreement.COMPUTED_AT_ONCE + 1)

    first, second = agreement.latest(project), agreement.latest(project)

    assert (first.figures, first.state, first.ask) == (None, "computing", True)
    assert (second.state, second.ask) == ("computing", False)
    agreement.compute(project.pk)
    assert agreement.latest(project).state == "current"


def test_old_figures_are_shown_while_new_ones_are_computed(project: Project, annotator: User) -> None:
    write(project, annotator, [P, N])
    kept = agreement.compute(project.pk)
    cache.set(agreement._key(project.pk), _aged(kept, timedelta(hours=2)))
    project.memberships.filter(user=annotator).update(answered=agreement.COMPUTED_AT_ONCE + 1)

    found = agreement.latest(project)

    assert found.figures is not None
    assert found.figures.people == 1
    assert found.state == "computing"


def test_it_is_said_when_no_worker_takes_it_up(project: Project, annotator: User) -> None:
    project.memberships.filter(user=annotator).update(answered=agreement.COMPUTED_AT_ONCE + 1)
    agreement.latest(project)
    long_ago = timezone.now() - agreement.PATIENCE - timedelta(seconds=1)
    cache.set(agreement._asked_key(project.pk), agreement._Asked(long_ago))

    found = agreement.latest(project)

    assert (found.state, found.since) == ("waiting", long_ago)


def _aged(figures: Figures | None, by: timedelta) -> Figures:
    assert figures is not None
    return Figures(**{**vars(figures), "as_of": figures.as_of - by})


@pytest.mark.parametrize("count", [4, 40])
def test_the_number_of_queries_does_not_grow(
    owner: User, django_assert_max_num_queries: Any, count: int
) -> None:
    project = make_project(owner=owner, items=count)
    for _ in range(count // 4):
        write(project, make_member(project), [(P, N)[n % 2] for n in range(count)])

    with django_assert_max_num_queries(12):
        agreement.compute(project.pk)
