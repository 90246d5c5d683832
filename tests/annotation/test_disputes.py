"""What experts see of disputes, on pages and over REST."""

from __future__ import annotations

import re

import pytest

from annotation.errors import InvalidInput
from annotation.models import Adjudication, Consensus, GuidelinesChange, GuidelinesSeen, Lease
from annotation.pages.adjudicate import MODULES
from annotation.reports import disputes as report
from annotation.reports.guidelines import difference, unseen
from annotation.services import adjudication, gold, guidelines, projects, talk
from annotation.services.adjudication import Step
from labelmodel.services.refresh import refresh
from tests.annotation.items_help import revise, say
from tests.annotation.test_label_page import ROOT
from tests.factories import make_member, make_project

pytestmark = pytest.mark.django_db
POSITIVE, NEGATIVE = {"sentiment": "positive"}, {"sentiment": "negative"}


@pytest.fixture
def project(owner):
    return make_project(owner=owner, items=6, annotations_per_item=2)


@pytest.fixture
def dispute(project, annotator, second_annotator):
    """`dispute(n)` lets two people disagree on an item."""

    def make(position=0, first="positive", second="negative"):
        item = project.items.order_by("pk")[position]
        say(item, annotator, sentiment=first)
        say(item, second_annotator, sentiment=second)
        item.refresh_from_db()
        return item

    return make


@pytest.fixture
def disputed(dispute):
    return dispute()


@pytest.fixture
def seen(project, adjudicator):
    return lambda item, viewer=adjudicator: report.disputes(
        project=project, viewer=viewer, items=[item.pk], alike=True
    )[0]


@pytest.fixture
def expert(client, adjudicator):
    client.force_login(adjudicator)
    return client


def decide(item, by, answer=POSITIVE, nonce="n"):
    return adjudication.decide(item_id=item.pk, by=by, answer=answer, step=Step(nonce))


# The report


def test_answers_stand_side_by_side_without_names(disputed, seen):
    found = seen(disputed)

    assert [(one.letter, one.annotator, one.answer) for one in found.answers] == [
        ("A", None, POSITIVE),
        ("B", None, NEGATIVE),
    ]
    assert found.differing == ("sentiment",)
    assert found.answers[0].seconds == 1.5


def test_managers_and_open_projects_see_names(disputed, seen, manager, project):
    assert [str(one.annotator) for one in seen(disputed, manager).answers] == ["anna", "bert"]

    project.anonymous_answers = False
    assert [str(one.annotator) for one in seen(disputed).answers] == ["anna", "bert"]


def test_letters_stay_when_an_answer_is_revised(disputed, seen, annotator):
    revise(Lease.objects.get(item=disputed, annotator=annotator).annotation, sentiment="neutral")

    first = seen(disputed).answers[0]
    assert (first.letter, first.answer, first.revisions) == ("A", {"sentiment": "neutral"}, 1)


def test_who_answered_is_called_by_the_letter_in_comments_and_flags(disputed, seen, annotator, manager):
    talk.comment(by=annotator, item_id=disputed.pk, body="Hm.")
    talk.comment(by=manager, item_id=disputed.pk, body="Look at it.")
    talk.flag(by=annotator, item_id=disputed.pk, reason="Odd.")

    found = seen(disputed)
    assert [one.who for one in found.comments] == ["Annotator A", "mira"]
    assert [(one.who, one.text) for one in found.flags] == [("Annotator A", "Odd.")]


def test_the_evidence_is_that_of_the_label_model(disputed, seen, project):
    refresh(project_id=project.pk)

    (found,) = seen(disputed).evidence
    assert found.question == "sentiment"
    assert (found.votes, found.unanimous, found.kinds) == (2, False, ("person",))
    assert {share.label for share in found.shares} >= {"positive", "negative"}
    assert found.method
    assert 0 < found.confidence < 1


def test_an_edit_begins_with_what_is_likeliest(disputed, seen, project):
    Consensus.objects.all().delete()
    assert seen(disputed).suggestion == POSITIVE
    refresh(project_id=project.pk)
    Consensus.objects.update(value="negative")

    assert seen(disputed).suggestion == NEGATIVE


def test_earlier_steps_are_told(disputed, seen, adjudicator):
    decide(disputed, adjudicator, NEGATIVE)
    adjudication.reopen(item_id=disputed.pk, by=adjudicator, step=Step("r", "Too early."))

    steps = seen(disputed).steps
    assert [(one.kind, one.by, one.note) for one in steps] == [
        ("decided", adjudicator, ""),
        ("reopened", adjudicator, "Too early."),
    ]
    assert steps[0].shown[0].chips[0].text == "Negative"


def test_disputes_are_alike_where_the_same_people_said_the_same(dispute, seen, project):
    item, twin, other = dispute(0), dispute(1), dispute(2, "negative", "positive")
    third = project.items.order_by("pk")[3]
    say(third, make_member(project), **POSITIVE)
    say(third, make_member(project), **NEGATIVE)

    found = report.alike_to(project=project, by=project.created_by, items=[item.pk, other.pk])
    assert found == {item.pk: [twin.pk], other.pk: []}
    assert seen(item).alike == 1


def test_the_number_of_queries_does_not_grow(dispute, project, adjudicator, django_assert_num_queries):
    items = [dispute(n).pk for n in range(4)]
    report.disputes(project=project, viewer=adjudicator, items=items[:1])

    for count in (1, 4):
        with django_assert_num_queries(9):
            assert len(report.disputes(project=project, viewer=adjudicator, items=items[:count])) == count


@pytest.mark.parametrize(("position", "name"), [(0, "A"), (25, "Z"), (26, "AA"), (52, "BA")])
def test_letters_never_end(position, name):
    assert report.letter(position) == name


# REST


def test_disputes_are_listed_by_doubt_page_by_page(api, dispute, adjudicator, project):
    doubts = {dispute(n).pk: doubt for n, doubt in enumerate((0.2, 0.7, 0.7, 0.4))}
    for item, doubt in doubts.items():
        project.items.filter(pk=item).update(doubt=doubt)
    url, found = f"/api/v1/projects/{project.pk}/disputes/?limit=3", []
    while url:
        body = api(adjudicator).get(url).json()
        found += [one["item"]["id"] for one in body["results"]]
        url = body["next"]

    assert found == sorted(doubts, key=lambda item: (-doubts[item], item))


@pytest.mark.parametrize("after", ["x", "1", "nan~1", "0.5~x", "2~1", "0.5~-1"])
def test_an_odd_place_in_the_list_is_told(api, adjudicator, project, after):
    answer = api(adjudicator).get(f"/api/v1/projects/{project.pk}/disputes/", {"after": after})

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["path"] == ["after"]


def test_those_that_were_sent_back_are_told_apart(api, dispute, adjudicator, project):
    back, here = dispute(0), dispute(1)
    adjudication.send_back(item_id=back.pk, by=adjudicator, step=Step("s", "Look."))
    url = f"/api/v1/projects/{project.pk}/disputes/"

    for value, item in (("true", back), ("false", here)):
        found = api(adjudicator).get(url, {"sent_back": value}).json()["results"]
        assert [one["item"]["id"] for one in found] == [item.pk]


def test_a_claim_says_what_keeps_the_rest_from_me(api, dispute, adjudicator, manager, project):
    first, second = dispute(0), dispute(1)
    own = project.items.order_by("pk")[2]
    say(own, adjudicator, **POSITIVE)
    say(own, manager, **NEGATIVE)
    adjudication.claim(user=project.created_by, project_id=project.pk, count=1)
    adjudication.send_back(item_id=second.pk, by=manager, step=Step("s", "Look."))

    body = api(adjudicator).post(f"/api/v1/projects/{project.pk}/disputes/claim/", {}, format="json").json()
    assert (body["status"], body["disputes"]) == ("busy", [])
    assert (body["open"], body["own"], body["sent_back"]) == (3, 1, 1)
    assert body["held"] == [{"expert": "olga", "disputes": 1}]
    assert first.pk


def test_an_item_that_is_asked_for_comes_first_or_it_is_told_why_not(api, dispute, adjudicator, project):
    dispute(0)
    wanted = dispute(1)
    url = f"/api/v1/projects/{project.pk}/disputes/claim/"
    body = api(adjudicator).post(url, {"count": 2, "first": wanted.pk}, format="json").json()
    assert body["disputes"][0]["item"]["id"] == wanted.pk
    decide(wanted, project.created_by)

    body = api(adjudicator).post(url, {"count": 2, "first": wanted.pk}, format="json").json()
    assert "olga has decided" in body["detail"]


def test_the_same_step_is_201_and_then_200(api, disputed, adjudicator):
    url, body = f"/api/v1/items/{disputed.pk}/adjudicate/", {"answer": POSITIVE, "nonce": "n", "note": "So."}
    answers = [api(adjudicator).post(url, body, format="json") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [201, 200]
    assert answers[0].json() == answers[1].json()
    assert answers[0].json()["answer"] == POSITIVE


def test_a_conflict_says_who_decided(api, disputed, adjudicator, manager):
    url = f"/api/v1/items/{disputed.pk}/adjudicate/"
    api(adjudicator).post(url, {"answer": POSITIVE}, format="json")
    answer = api(manager).post(url, {"answer": NEGATIVE}, format="json")

    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert "ada has decided" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("step", "body"),
    [("reopen-decision", {}), ("ask-more", {}), ("send-back", {"note": "Look."}), ("retire-dispute", {})],
)
def test_each_step_over_rest(api, disputed, adjudicator, step, body):
    if step == "reopen-decision":
        decide(disputed, adjudicator)
    answer = api(adjudicator).post(f"/api/v1/items/{disputed.pk}/{step}/", body, format="json")

    assert answer.status_code == 201
    assert Adjudication.objects.latest("pk").pk == answer.json()["id"]


def test_several_at_once_over_rest(api, dispute, adjudicator, manager, project):
    first, second = dispute(0), dispute(1)
    decide(second, manager)
    alike = api(adjudicator).get(f"/api/v1/items/{first.pk}/alike/").json()
    body = {"items": [first.pk, second.pk], "answer": NEGATIVE, "nonce": "all"}
    answer = api(adjudicator).post(f"/api/v1/projects/{project.pk}/disputes/decide/", body, format="json")

    assert alike == {"results": []}
    assert answer.json()["decided"] == [first.pk]
    assert [one["item"] for one in answer.json()["refused"]] == [second.pk]


# The item: its consensus, and gold questions that stay blind


def test_an_item_tells_its_consensus_and_who_decided(api, disputed, adjudicator, viewer, annotator):
    decide(disputed, adjudicator, NEGATIVE)
    url = f"/api/v1/items/{disputed.pk}/"

    (found,) = api(viewer).get(url).json()["consensus"]
    assert (found["value"], found["status"], found["decided_by"]) == ("negative", "adjudicated", "ada")
    assert api(annotator).get(url).json()["consensus"] == []
    assert "decided" in [entry["text"] for entry in api(viewer).get(url).json()["history"]]


def test_a_known_answer_is_not_told_to_experts(api, expert, disputed, adjudicator, manager, project):
    gold.put(project=project, by=manager, items=[gold.Known(key=disputed.key, answer=NEGATIVE)])
    page = expert.get(f"/projects/{project.pk}/items/{disputed.pk}/").content.decode()

    assert api(adjudicator).get(f"/api/v1/items/{disputed.pk}/").json()["consensus"] == []
    assert "known answer" not in page
    assert api(manager).get(f"/api/v1/items/{disputed.pk}/").json()["consensus"][0]["status"] == "known"


def test_where_an_item_comes_from_is_not_told_to_annotators(
    client, api, disputed, annotator, viewer, project
):
    told = api(annotator).get(f"/api/v1/items/{disputed.pk}/").json()
    client.force_login(annotator)
    page = client.get(f"/projects/{project.pk}/items/{disputed.pk}/").content.decode()

    assert (told["dataset"], told["created_at"]) == (None, None)
    assert "<dt>Dataset</dt>" not in page
    assert "<dt>Added</dt>" not in page
    assert api(viewer).get(f"/api/v1/items/{disputed.pk}/").json()["created_at"]


def test_the_page_of_an_item_leads_to_the_decision_and_back(expert, disputed, adjudicator, project):
    url = f"/projects/{project.pk}/items/{disputed.pk}/"
    assert f"/adjudicate/?item={disputed.pk}" in expert.get(url).content.decode()
    decide(disputed, adjudicator)
    page = expert.get(url).content.decode()
    assert "Reopen the decision" in page
    assert "by ada" in page

    answer = expert.post(f"{url}reopen-decision/", {"nonce": "r"}, follow=True)
    assert "disputed again" in answer.content.decode()
    disputed.refresh_from_db()
    assert disputed.state == "disputed"


# Pages


def test_the_tab_counts_disputes_for_experts_only(expert, disputed, annotator, project):
    assert '<span class="count">1</span>' in expert.get(f"/projects/{project.pk}/").content.decode()
    expert.force_login(annotator)

    assert "/adjudicate/" not in expert.get(f"/projects/{project.pk}/").content.decode()


def test_what_stands_in_the_way_of_the_desk_is_told(expert, project):
    assert "This page needs JavaScript" in expert.get(f"/projects/{project.pk}/adjudicate/").content.decode()
    projects.archive(project=project, by=project.created_by)

    assert "This project is archived" in expert.get(f"/projects/{project.pk}/adjudicate/").content.decode()


@pytest.mark.parametrize("item", ["x", "²", "-1", "9" * 30, ""])
def test_an_odd_item_in_the_address_is_passed_over(expert, project, item):
    answer = expert.get(f"/projects/{project.pk}/adjudicate/", {"item": item})

    assert '"first": null' in answer.content.decode()


def test_every_script_of_the_desk_is_preloaded():
    found, waiting = set(), ["js/adjudicate/main.js"]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            imports = re.findall(r'from "(\..*?)"', (ROOT / "static" / path).read_text())
            folder = (ROOT / "static" / path).parent
            waiting += [str((folder / name).resolve().relative_to(ROOT / "static")) for name in imports]

    assert found == set(MODULES)


def test_decisions_are_listed_and_reopened(expert, disputed, adjudicator, project):
    url = f"/projects/{project.pk}/adjudicate/decisions/"
    assert "Nothing has been decided yet" in expert.get(url).content.decode()
    decide(disputed, adjudicator)
    assert "stands" in expert.get(url).content.decode()
    reopen = f"/projects/{project.pk}/items/{disputed.pk}/reopen-decision/"
    page = expert.post(reopen, {"nonce": "r", "back": "decisions"}, follow=True).content.decode()

    assert "reopened it" in page
    assert '<span class="badge c-green">stands</span>' not in page


def test_an_item_of_another_project_is_not_reopened_from_here(expert, adjudicator):
    other = make_project(items=1)
    make_member(other, "adjudicator", user=adjudicator)
    mine = make_project(items=1)
    make_member(mine, "adjudicator", user=adjudicator)

    url = f"/projects/{mine.pk}/items/{other.items.get().pk}/reopen-decision/"
    assert expert.post(url, {"nonce": "r"}).status_code == 404


# Guidelines


def amend(project, user, text, **more):
    return guidelines.amend(user=user, project_id=project.pk, text=text, **more)


def test_experts_amend_guidelines_and_members_see_what_changed(project, adjudicator, annotator, viewer):
    assert unseen(user=annotator, project=project) is None
    amend(project, adjudicator, "One.\nTwo.", note="First.")
    amend(project, adjudicator, "One.\nThree.", note="Better.")

    found = unseen(user=annotator, project=project)
    assert (found.by, found.note) == (adjudicator, "Better.")
    assert [(line.kind, line.text) for line in found.lines] == [("ins", "One."), ("ins", "Three.")]
    assert unseen(user=adjudicator, project=project) is None


def test_a_notice_is_dismissed_by_each_person(api, client, project, adjudicator, annotator, second_annotator):
    amend(project, adjudicator, "Mind the irony.")
    client.force_login(annotator)
    label = f"/projects/{project.pk}/label/"
    assert "ada changed the guidelines" in client.get(label).content.decode()
    change = GuidelinesChange.objects.get()
    url = f"/api/v1/projects/{project.pk}/guidelines/seen/"
    for _ in range(2):
        assert api(annotator).post(url, {"change": change.pk}, format="json").status_code == 204

    assert "changed the guidelines" not in client.get(label).content.decode()
    assert unseen(user=second_annotator, project=project) is not None
    assert GuidelinesSeen.objects.count() == 1


def test_who_joined_later_is_not_told_of_earlier_changes(project, adjudicator):
    amend(project, adjudicator, "Mind the irony.")

    assert unseen(user=make_member(project), project=project) is None


def test_of_two_who_amend_the_same_text_the_second_is_told(api, project, adjudicator, manager):
    url = f"/api/v1/projects/{project.pk}/guidelines/"
    base = api(manager).get(url).json()["base"]
    first = api(adjudicator).put(url, {"guidelines": "One.", "base": base}, format="json")
    second = api(manager).put(url, {"guidelines": "Two.", "base": base}, format="json")

    assert (first.status_code, second.status_code) == (200, 409)
    project.refresh_from_db()
    assert project.guidelines == "One."
    assert first.json()["changes"][0]["lines"] == [{"kind": "ins", "text": "One."}]


def test_the_settings_record_a_change_too(project, manager):
    projects.change(project=project, by=manager, guidelines="Two.")
    projects.change(project=project, by=manager, description="Other.")

    found = GuidelinesChange.objects.get()
    assert (found.before, found.after, found.by) == ("", "Two.", manager)


@pytest.mark.parametrize(("role", "status"), [("annotator", 403), ("viewer", 403), ("stranger", 404)])
def test_others_do_not_amend(api, request, project, role, status):
    url = f"/api/v1/projects/{project.pk}/guidelines/"

    answer = api(request.getfixturevalue(role)).put(url, {"guidelines": "Mine."}, format="json")
    assert answer.status_code == status


def test_long_or_pointless_changes(project, adjudicator):
    assert not amend(project, adjudicator, "")
    with pytest.raises(InvalidInput):
        amend(project, adjudicator, "x" * 100_001)
    with pytest.raises(InvalidInput):
        amend(project, adjudicator, "x", note="y" * 501)

    assert not GuidelinesChange.objects.exists()


def test_a_difference_leaves_out_what_stayed():
    old = "\n".join(f"line {n}" for n in range(30))

    found = list(difference(old, old.replace("line 15", "other")))
    kinds = [line.kind for line in found]
    assert kinds == ["gap", "same", "same", "del", "ins", "same", "same", "gap"]
    assert list(difference("a\nb", "a\nb\n")) == []


def test_very_long_texts_are_not_compared_line_by_line():
    old, new = "a\n" * 5000, "b\n" * 5000

    assert len(list(difference(old, new))) == 10_000
