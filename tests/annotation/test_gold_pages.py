"""The pages of gold questions."""

from __future__ import annotations

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from annotation.models import Consensus, GoldQuestion, Project
from annotation.services import adjudication
from tests.annotation.gold_help import RIGHT, WRONG, is_gold, make_gold_project, put, say, take, work
from tests.factories import make_member
from tests.invariants import assert_slots_add_up

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return make_gold_project(gold_questions=3, items=30, gold_rate=0.5)


@pytest.fixture
def page(client, project):
    client.force_login(project.created_by)
    return client


def url(project, name="gold", *args):
    return reverse(name, args=[project.pk, *args])


def text(response):
    return " ".join(response.content.decode().split())


def test_the_list_shows_answers_and_how_people_did(page, project):
    for answer in (RIGHT, RIGHT, WRONG):
        person = make_member(project)
        for turn in take(person, project, 6).turns:
            if is_gold(turn):
                say(person, turn, answer)
    shown = text(page.get(url(project)))

    assert shown.count("2 of 3") == 3
    assert '<span class="chip c-green">Positive</span>' in shown
    assert "look at it" not in shown


def test_a_question_that_most_get_wrong_says_so_and_what_they_say(page, project):
    for _ in range(4):
        work(make_member(project), project, 6, to_gold=WRONG)

    shown = text(page.get(url(project)))
    assert "Most people get it wrong" in shown
    assert '4 said <span class="chip c-red">Negative</span>' in shown


def test_a_mended_answer_is_held_against_nobody(page, project):
    for _ in range(4):
        work(make_member(project), project, 6, to_gold=WRONG)
    put(project, *GoldQuestion.objects.values_list("item__key", flat=True), answer=WRONG)

    assert "Most people get it wrong" not in text(page.get(url(project)))


def test_a_long_list_pages_by_key_with_as_many_queries(page, project, django_assert_max_num_queries):
    for count in (1, 30):
        put(project, *(f"item-{n:05}" for n in range(count)))
        with django_assert_max_num_queries(20):
            shown = text(page.get(url(project)))
    last = GoldQuestion.objects.order_by("-item_id")[1].item_id

    assert shown.count('data-label="Known answer"') == 33
    assert text(page.get(url(project) + f"?after={last}")).count('data-label="Known answer"') == 1


def test_without_any_the_page_says_what_they_are_for(page, project):
    GoldQuestion.objects.all().delete()

    assert "No gold questions yet." in text(page.get(url(project)))


def test_an_item_is_made_a_gold_question_with_what_an_expert_decided(page, project):
    person = make_member(project)
    turn = next(turn for turn in take(person, project, 4).turns if not is_gold(turn))
    say(person, turn, WRONG)
    item = project.items.get(pk=turn.item_id)
    adjudication.decide(item_id=item.pk, by=project.created_by, answer=WRONG, step=adjudication.Step("n"))
    link = url(project, "gold-edit", item.pk)

    assert link in text(page.get(url(project, "item", item.pk)))
    assert json.dumps(WRONG) in text(page.get(link))
    response = page.post(link, {"answer": json.dumps(WRONG), "explanation": "So it is."})
    assert response.status_code == 302
    assert GoldQuestion.objects.get(item=item).explanation == "So it is."
    assert_slots_add_up(project)


@pytest.mark.parametrize("answer", ["", "{}", "[", '{"sentiment": "happy"}', "5"])
def test_a_known_answer_that_does_not_fit_is_refused_beside_the_form(page, project, answer):
    item = project.items.get(key="item-00000")
    response = page.post(url(project, "gold-edit", item.pk), {"answer": answer})

    assert response.status_code == 422
    assert "errorlist" in text(response) or "is-danger" in text(response)


def test_removing_and_rotating(page, project):
    gold = GoldQuestion.objects.first()
    page.post(url(project, "gold-remove", gold.item_id))
    page.post(url(project, "gold-rotate"))
    project.refresh_from_db()

    assert (project.gold_questions.count(), project.gold_rotation) == (2, 2)
    assert page.post(url(project, "gold-remove", gold.item_id)).status_code == 404


@pytest.fixture
def settled(project):
    """Twenty items that two people answered alike, nine of them otherwise than the rest."""
    items = list(project.items.filter(gold=None)[:20])
    project.items.filter(pk__in=[item.pk for item in items]).update(state="resolved", answers=1, open_slots=0)
    for n, item in enumerate(items):
        Consensus.objects.create(
            project=project,
            item=item,
            question="sentiment",
            value="negative" if n % 4 == 0 else "positive",
            confidence=0.99 if n < 18 else 0.6,
            entropy=0,
            votes=2,
            unanimous=True,
            method="majority",
            schema=project.schema,
            updated_at=project.created_at,
        )
    return items


WISH = {"count": "6", "confidence": "95", "experts": "on", "unanimous": "on"}


def test_what_would_be_taken_from_answers_is_shown_first_and_rare_answers_are_among_it(
    page, project, settled
):
    shown = text(page.get(url(project, "gold-choose"), WISH))

    assert shown.count('name="item"') == 6
    assert shown.count("Negative</span>") == 3
    assert GoldQuestion.objects.count() == 3


def test_the_chosen_ones_become_gold_questions(page, project, settled):
    response = page.get(url(project, "gold-choose"), WISH)
    ids = [one.item_id for one, *_ in response.context["rows"]][:4]
    page.post(url(project, "gold-choose"), {**WISH, "item": ids})

    assert set(GoldQuestion.objects.filter(item__in=ids).values_list("item", flat=True)) == set(ids)
    assert GoldQuestion.objects.count() == 7


@pytest.mark.parametrize("wish", [{"count": "0"}, {"confidence": "101"}, {"experts": "", "unanimous": ""}])
def test_a_wish_that_cannot_be_is_told(page, project, wish):
    assert page.get(url(project, "gold-choose"), {**WISH, **wish}).status_code == 422
    assert page.post(url(project, "gold-choose"), {**WISH, **wish, "item": ["1"]}).status_code == 422


def upload(page, project, name, content):
    return page.post(url(project, "gold-upload"), {"file": SimpleUploadedFile(name, content.encode())})


def test_a_file_brings_known_answers_and_refuses_rows_by_themselves(page, project):
    rows = [
        "key,text,answer.sentiment,explanation,tolerance.sentiment",
        "item-00000,whatever,positive,Clearly.,",
        "item-00001,,happy,,",
        ",Something new,negative,,",
        "nowhere,,positive,,",
        "item-00002,,neutral,,much",
    ]
    shown = text(upload(page, project, "gold.csv", "\n".join(rows)))

    assert "2 new, 0 changed." in shown
    assert "3 rows refused" in shown
    assert "answer.sentiment: " in shown
    assert GoldQuestion.objects.get(item__key="item-00000").explanation == "Clearly."
    assert GoldQuestion.objects.filter(item__payload={"text": "Something new"}).exists()
    assert_slots_add_up(project)


def test_a_file_of_json_lines_may_give_whole_answers(page, project):
    upload(page, project, "gold.jsonl", json.dumps({"key": "item-00003", "answer": WRONG}))

    assert GoldQuestion.objects.get(item__key="item-00003").answer == WRONG


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [("a.csv", "", "empty"), ("a.csv", "key,text\n1,2\n", "answer.sentiment"), ("a.json", "{", "")],
)
def test_a_file_that_cannot_be_used_is_refused(page, project, name, content, words):
    response = upload(page, project, name, content)

    assert response.status_code == 422
    assert words in text(response)


def test_only_those_who_configure_the_project_see_any_of_it(client, project):
    for role in ("adjudicator", "annotator", "viewer"):
        client.force_login(make_member(project, role))
        assert client.get(url(project)).status_code == 403
        assert "/gold/" not in client.get(url(project, "project")).content.decode()
