"""Holdout: known answers that no person is shown, kept to check models."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from annotation.models import GoldQuestion, GoldResult, Item, Lease
from annotation.services import gold, gold_use
from labelmodel.services import refresh
from tests.annotation.gold_help import RIGHT, WRONG, is_gold, make_gold_project, put, say, take, work
from tests.factories import make_member
from tests.invariants import assert_slots_add_up

pytestmark = pytest.mark.django_db


def use(project, item_id, use):
    return gold_use.change_use(project=project, by=project.created_by, item_id=item_id, use=use)


def first_gold(project, person):
    return next(turn for turn in take(person, project, 20).turns if is_gold(turn))


def holdout(project, count=5):
    keys = list(project.items.filter(gold=None).order_by("pk").values_list("key", flat=True)[:count])
    put(project, *keys, use="holdout")
    return list(project.items.filter(role="holdout").values_list("pk", flat=True))


def test_a_holdout_is_never_given_to_anybody():
    project = make_gold_project(gold_questions=0, items=20, gold_rate=0.5, training_questions=3)
    kept = holdout(project)
    person = make_member(project)

    came = work(person, project, 40)

    assert (len(came), sum(came)) == (15, 0)
    assert not Lease.objects.filter(item__in=kept).exists()
    assert set(project.items.filter(pk__in=kept).values_list("state", "wanted", "role")) == {
        ("resolved", 0, "holdout")
    }
    assert_slots_add_up(project)


def test_beside_gold_for_people_it_stays_out_of_turns_and_counts():
    project = make_gold_project(gold_questions=4, items=30, gold_rate=0.5, training_questions=2)
    kept = holdout(project)
    work(make_member(project), project, 30)

    assert GoldResult.objects.count() == 4
    assert not GoldResult.objects.filter(item__in=kept).exists()
    assert not GoldQuestion.objects.filter(holdout=True, exposures__gt=0).exists()


def test_an_item_that_somebody_holds_is_taken_back_when_it_becomes_a_holdout():
    project = make_gold_project(gold_questions=0, items=5)
    person = make_member(project)
    turn = take(person, project).turns[0]
    put(project, turn.key, use="holdout")

    assert turn.key not in {held.key for held in take(person, project, 5).turns}
    receipt = say(person, turn, WRONG)  # it was on its way
    assert receipt.created
    assert receipt.feedback is None
    assert not GoldResult.objects.exists()
    assert Item.objects.get(pk=turn.item_id).state == "resolved"
    assert_slots_add_up(project)


def test_from_people_to_holdout_and_back():
    project = make_gold_project(gold_questions=1, gold_rate=0.5)
    person = make_member(project)
    say(person, first_gold(project, person), WRONG)
    item = Item.objects.get(gold__isnull=False)
    for _ in range(2):
        use(project, item.pk, "holdout")
    other = make_member(project)
    kept_apart = sum(work(other, project, 6))
    use(project, item.pk, "people")
    item.refresh_from_db()

    assert kept_apart == 0
    assert item.role == "pool"
    assert GoldResult.objects.count() == 1
    assert sum(work(make_member(project), project, 6)) == 1
    assert_slots_add_up(project)


def test_one_that_comes_again_does_so_no_more_once_it_is_a_holdout():
    project = make_gold_project(gold_questions=1, gold_rate=0.5)
    person = make_member(project)
    say(person, first_gold(project, person))
    work(person, project, 25)
    gold.rotate(project=project, by=project.created_by)
    turns = take(person, project, 4).turns
    again = next(turn for turn in turns if is_gold(turn))
    use(project, again.item_id, "holdout")

    assert Lease.objects.get(pk=again.id).state == "submitted"
    assert not any(is_gold(turn) for turn in take(person, project, 4).turns)
    assert_slots_add_up(project)


def test_a_new_known_answer_leaves_it_what_it_is():
    project = make_gold_project(gold_questions=0, items=3)
    (item,) = holdout(project, 1)
    put(project, Item.objects.get(pk=item).key, answer=WRONG)

    known = GoldQuestion.objects.get()
    assert (known.answer, known.holdout) == (WRONG, True)


def test_an_ordinary_item_again_is_in_the_pool():
    project = make_gold_project(gold_questions=0, items=3)
    (item,) = holdout(project, 1)
    gold.remove(project=project, by=project.created_by, item_id=item)

    assert Item.objects.get(pk=item).role == "pool"
    assert len(take(make_member(project), project, 5).turns) == 3
    assert_slots_add_up(project)


def test_over_rest_for_each_or_for_all(api, manager, project):
    url = f"/api/v1/projects/{project.pk}/gold/"
    items = [{"key": "item-00000", "answer": RIGHT}, {"key": "item-00001", "answer": RIGHT, "use": "people"}]
    api(manager).post(url, {"items": items, "use": "holdout"}, format="json")
    told = {one["item"]["key"]: one["use"] for one in api(manager).get(url).json()["results"]}
    item = Item.objects.get(key="item-00001").pk
    changed = api(manager).patch(f"{url}{item}/", {"use": "holdout"}, format="json")

    assert told == {"item-00000": "holdout", "item-00001": "people"}
    assert (changed.status_code, changed.json()["use"]) == (200, "holdout")
    assert set(Item.objects.filter(role="holdout").values_list("key", flat=True)) == set(told)
    assert api(manager).patch(f"{url}{item}/", {"use": "both"}, format="json").status_code == 400
    other = Item.objects.get(key="item-00002").pk
    assert api(manager).patch(f"{url}{other}/", {"use": "people"}, format="json").status_code == 404


def test_a_file_says_it_in_a_column(client, project, owner):
    client.force_login(owner)
    rows = [
        "key,answer.sentiment,use",
        "item-00000,positive,Holdout",
        "item-00001,positive,",
        "item-00002,positive,x",
    ]
    file = SimpleUploadedFile("gold.csv", "\n".join(rows).encode())
    shown = client.post(reverse("gold-upload", args=[project.pk]), {"file": file}).content.decode()

    assert dict(GoldQuestion.objects.values_list("item__key", "holdout")) == {
        "item-00000": True,
        "item-00001": False,
    }
    assert "for people or for a holdout" in shown


def test_the_page_has_a_switch_and_counts_both(client):
    project = make_gold_project(gold_questions=3, items=2)
    client.force_login(project.created_by)
    item = GoldQuestion.objects.first().item_id
    url = reverse("gold-use", args=[project.pk, item])

    shown = client.post(url, follow=True).content.decode()
    assert "is kept from people" in shown
    assert shown.count('name="people" checked') == 2
    client.post(url, {"people": "on"})
    assert not GoldQuestion.objects.filter(holdout=True).exists()
    client.force_login(make_member(project))
    assert client.post(url).status_code == 403


def test_what_was_settled_may_become_a_holdout(client):
    project = make_gold_project(gold_questions=0, items=4, annotations_per_item=2)
    for _ in range(2):
        person = make_member(project)
        for turn in take(person, project, 4).turns:
            say(person, turn)
    refresh.refresh(project_id=project.pk)
    client.force_login(project.created_by)
    url = reverse("gold-choose", args=[project.pk])
    wish = {"count": 2, "confidence": "50", "unanimous": "on", "holdout": "on"}
    rows = client.get(url, wish).context["rows"]
    client.post(url, {**wish, "item": [one.item_id for one, *_ in rows]})

    assert GoldQuestion.objects.filter(holdout=True).count() == len(rows) == 2


def test_the_history_says_what_became_of_it(client):
    project = make_gold_project(gold_questions=1, items=2)
    client.force_login(project.created_by)
    item = GoldQuestion.objects.get().item_id
    client.post(reverse("gold-use", args=[project.pk, item]))

    history = client.get(reverse("project-history", args=[project.pk])).content.decode()
    assert "from people, as holdout" in history


def test_label_models_do_not_learn_from_it():
    project = make_gold_project(gold_questions=2, items=4)
    for_people = set(GoldQuestion.objects.values_list("item", flat=True))
    holdout(project, 2)

    assert set(refresh._known(project, "sentiment")) == for_people
