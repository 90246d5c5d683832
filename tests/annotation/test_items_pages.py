"""The pages of the data: table, item, history, export."""

from __future__ import annotations

import re
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from annotation.models import Comment, Dataset, Flag, GoldQuestion, Item, ItemEvent, Membership, Project
from annotation.reports.table_columns import columns_of
from annotation.services import bulk
from tests.annotation.items_help import give, make_findable, say
from tests.factories import make_item, make_items, make_project, make_schema

pytestmark = pytest.mark.django_db
XSS = "<script>alert(1)</script><img src=x onerror=alert(2)>"
PAGES = ["items", "exports", "project-history"]


@pytest.fixture
def as_(client):
    def sign_in(user):
        client.force_login(user)
        return client

    return sign_in


@pytest.fixture
def boss(as_, manager):
    return as_(manager)


@pytest.fixture
def items(project):
    Item.objects.filter(project=project).update(wanted=2, open_slots=2)
    return list(project.items.order_by("pk"))


@pytest.fixture
def here(project):
    return reverse("items", args=[project.pk])


def shown(response):
    """The keys in the table, in order."""
    return re.findall(r'<a class="cover mono" href="[^"]*">([^<]*)</a>', response.content.decode())


def link(response, rel):
    found = re.search(rf'<a class="btn[^"]*"\s+href="([^"]*)" rel="{rel}"', response.content.decode())
    return found[1].replace("&amp;", "&") if found else ""


def test_who_may_open_which_page(
    as_, project, items, owner, manager, adjudicator, annotator, viewer, stranger
):
    people = (owner, manager, adjudicator, viewer, annotator, stranger)
    give(items[0], annotator)

    def statuses(name, *args):
        url = reverse(name, args=[project.pk, *args])
        return [as_(user).get(url).status_code for user in people]

    assert statuses("items") == [200, 200, 200, 200, 403, 404]
    assert statuses("exports") == [200, 200, 200, 200, 403, 404]
    assert statuses("project-history") == [200, 200, 403, 403, 403, 404]
    assert statuses("item", items[0].pk) == [200, 200, 200, 200, 200, 404]
    assert statuses("item", items[1].pk) == [200, 200, 200, 200, 403, 404]


def test_a_refused_page_says_what_the_role_lacks(project, as_, annotator):
    page = as_(annotator).get(reverse("project-history", args=[project.pk])).content.decode()

    assert "Your role does not allow this" in page
    assert "Your role here is annotator; it does not let you see who changed what." in page


@pytest.mark.parametrize("name", PAGES)
def test_who_is_not_signed_in_is_asked_to(client, project, name):
    response = client.get(reverse(name, args=[project.pk]))

    assert (response.status_code, response.url.split("?")[0]) == (302, reverse("login"))


@pytest.mark.parametrize("name", PAGES)
def test_each_list_is_a_fragment_for_htmx_and_a_page_for_others(boss, project, name):
    url = reverse(name, args=[project.pk])
    page, fragment = boss.get(url), boss.get(url, headers={"HX-Request": "true"})

    assert b"<html" in page.content
    assert b"<html" not in fragment.content
    assert "HX-Request" in fragment["Vary"]


def test_the_table_shows_text_state_answers_and_people(boss, here, items, annotator, second_annotator):
    say(items[0], annotator, sentiment="positive")
    say(items[0], second_annotator, sentiment="positive")

    text = boss.get(here).content.decode()

    assert "Text number 0." in text
    assert "Resolved" in text
    assert ">Positive</span>" in text
    assert "anna, bert" in text
    assert "2 of 2" in text
    assert "5 items" in text


def test_filters_stand_in_the_address_and_in_the_form(boss, here, items, annotator):
    say(items[1], annotator, sentiment="negative")
    make_findable(*items)

    where = "label.sentiment = negative and annotator = anna"
    response = boss.get(here, {"where": where, "q": "text"})

    assert shown(response) == ["item-00001"]
    body = response.content.decode()
    assert f">{where}</textarea>" in body
    assert 'value="text"' in body
    assert f"?{urlencode({'where': where})}&amp;q=text" in body


def test_addresses_of_before_lead_to_what_they_meant(boss, here, project, items, annotator):
    say(items[1], annotator, sentiment="negative")
    query = {"answer": "sentiment:negative", "annotator": "anna", "confidence": "0.5-1", "q": "text"}

    response = boss.get(here, query)

    where = "label.sentiment = negative and confidence.sentiment >= 0.5 and confidence.sentiment <= 1 and annotator = anna"
    assert response.url == f"{here}?{urlencode({'where': where, 'q': 'text'})}"
    assert boss.get(response.url).status_code == 200


def test_pages_forwards_and_back_keep_the_filters(boss, here, project):
    make_items(project, 115)
    first = boss.get(here, {"where": "state = open"})
    second = boss.get(here + link(first, "next"))
    third = boss.get(here + link(second, "next"))
    back = boss.get(here + link(third, "prev"))
    start = boss.get(here + link(back, "prev"))

    assert [len(shown(page)) for page in (first, second, third)] == [50, 50, 20]
    assert shown(back) == shown(second)
    assert shown(start) == shown(first)
    assert link(first, "prev") == link(start, "prev") == link(third, "next") == ""
    assert "where=state+%3D+open" in link(second, "next")


def test_a_list_of_more_than_a_thousand_says_about_how_many(boss, here, project):
    make_items(project, 1200)

    assert re.search("about 1,[12]00 items", boss.get(here).content.decode())


@pytest.mark.parametrize(
    "query",
    [
        {"where": "state = done"},
        {"where": "label.mood = good"},
        {"where": "label.sentiment = happy"},
        {"where": "annotator = nobody"},
        {"where": "dataset = 99999"},
        {"where": "state ="},
        {"where": "(" * 30},
        {"where": "a" * 9000},
        {"where": "\0"},
        {"q": "a\0"},
        {"view": "x"},
        {"after": "-1"},
        {"after": str(2**70)},
        {"before": "x"},
    ],
)
def test_filters_that_cannot_be_read_say_so(boss, here, query):
    response = boss.get(here, query)

    assert response.status_code == 422
    assert b"Show all items" in response.content


def test_empty_tables_say_what_to_do(boss, here, project, as_, viewer):
    assert b"No item fits" in boss.get(here, {"where": "state = retired"}).content
    Item.objects.filter(project=project).delete()

    assert b"Import a file" in boss.get(here).content
    assert b"when a manager has imported" in as_(viewer).get(here).content


def test_a_search_says_that_words_are_still_being_indexed(boss, here, project):
    Dataset.objects.create(
        project=project,
        name="d",
        source_name="d.csv",
        sha256="0",
        size=1,
        created_by=project.created_by,
        state="done",
    )

    assert b"still being indexed" in boss.get(here, {"q": "text"}).content
    assert b"still being indexed" not in boss.get(here).content


def test_only_those_who_configure_see_what_is_gold(as_, here, project, items, owner, manager, adjudicator):
    GoldQuestion.objects.create(
        item=items[0],
        project=project,
        schema=project.schema,
        answer={"sentiment": "positive"},
        created_by=owner,
    )
    url = reverse("item", args=[project.pk, items[0].pk])

    assert shown(as_(manager).get(here, {"where": "gold"})) == ["item-00000"]
    assert b">gold</span>" in as_(manager).get(here).content
    assert b"Known answer" in as_(manager).get(url).content
    assert as_(adjudicator).get(here, {"where": "gold"}).status_code == 403
    assert b">gold</span>" not in as_(adjudicator).get(here).content
    assert b"Known answer" not in as_(adjudicator).get(url).content


def test_the_table_takes_the_same_queries_whatever_its_length(boss, here, project, items, annotator):
    page = here + "?column=" + "&column=".join(columns_of(project))
    boss.get(page)
    with CaptureQueriesContext(connection) as few:
        boss.get(page)
    for item in make_items(project, 40):
        say(item, annotator, sentiment="positive")
        Flag.objects.create(item=item, author=annotator)
    bulk.run(action_id=bulk.create(project=project, by=project.created_by, action="tag", tag="odd").pk)
    with CaptureQueriesContext(connection) as many:
        boss.get(page)
    with CaptureQueriesContext(connection) as fragment:
        boss.get(page, headers={"HX-Request": "true"})

    assert len(many) <= len(few) + 1
    assert len(many) <= 36
    assert len(fragment) <= 22


def test_whatever_people_write_is_text_on_every_page(boss, project, annotator, manager):
    make_schema(
        project,
        [
            {
                "name": "sentiment",
                "type": "single_choice",
                "title": XSS,
                "labels": [{"value": "x", "title": XSS}],
            },
            {"name": "note", "type": "text", "required": False},
        ],
        fields=[
            {"name": "text", "type": "text", "title": XSS},
            {"name": "link", "type": "link", "title": "L"},
        ],
    )
    Project.objects.filter(pk=project.pk).update(name=XSS)
    project.refresh_from_db()
    item = make_item(project, XSS, {"text": XSS, "link": "javascript:alert(1)"})
    item.save()
    make_findable(item)
    say(item, annotator, sentiment="x", note=XSS)
    Flag.objects.create(item=item, author=annotator, reason=XSS)
    Comment.objects.create(item=item, author=annotator, body=XSS)
    Item.objects.filter(pk=item.pk).update(state="retired")
    here, one = reverse("items", args=[project.pk]), reverse("item", args=[project.pk, item.pk])
    addresses = [
        here,
        f"{here}?q={XSS}&where=text ~ '{XSS}'&column=meta.{XSS}",
        one,
        f"{one}?q={XSS}",
        reverse("project-history", args=[project.pk]),
        reverse("exports", args=[project.pk]) + "?format=csv",
    ]

    for address in addresses:
        body = boss.get(address).content.decode()
        assert "<script>alert" not in body, address
        assert "<img src=x" not in body, address
        assert 'href="javascript:' not in body, address
        assert "&lt;script&gt;alert(1)" in body, address


def test_an_item_page_shows_answers_history_and_neighbours(boss, project, items, annotator, second_annotator):
    say(items[1], annotator, sentiment="positive")
    say(items[1], second_annotator, sentiment="negative")
    Flag.objects.create(item=items[1], author=annotator, reason="too short")

    body = boss.get(reverse("item", args=[project.pk, items[1].pk])).content.decode()

    assert "Disputed" in body
    assert "too short" in body
    assert body.count("answered") >= 2
    for neighbour in (items[0], items[2]):
        assert reverse("item", args=[project.pk, neighbour.pk]) in body


def test_neighbours_are_those_of_the_list_that_it_was_opened_from(boss, project, items, annotator):
    for number in (0, 2, 4):
        say(items[number], annotator, sentiment="positive")

    kept = "?where=annotator+%3D+anna"
    body = boss.get(reverse("item", args=[project.pk, items[2].pk]) + kept).content.decode()

    assert reverse("item", args=[project.pk, items[0].pk]) + kept in body
    assert reverse("item", args=[project.pk, items[4].pk]) + kept in body
    assert reverse("item", args=[project.pk, items[1].pk]) not in body


def test_an_annotator_sees_their_own_part_of_an_item(as_, project, items, annotator, second_annotator):
    say(items[0], annotator, sentiment="positive")
    say(items[0], second_annotator, sentiment="negative")
    Flag.objects.create(item=items[0], author=second_annotator, reason="berts reason")

    body = as_(annotator).get(reverse("item", args=[project.pk, items[0].pk])).content.decode()

    assert "Positive" in body
    assert "Negative" not in body
    assert "bert" not in body
    assert "history-title" not in body


def test_an_item_of_another_project_is_not_here(boss, project, manager):
    other = make_project(items=1)
    Membership.objects.create(project=other, user=manager, role="manager")

    assert boss.get(reverse("item", args=[project.pk, other.items.get().pk])).status_code == 404


def test_the_buttons_of_an_item(boss, project, items, manager):
    kept = "?where=state+%3D+open"

    def press(name, body=None, *more):
        return boss.post(reverse(name, args=[project.pk, items[0].pk, *more]) + kept, body or {})

    def state():
        return Item.objects.get(pk=items[0].pk).state

    assert press("item-retire").url == reverse("item", args=[project.pk, items[0].pk]) + kept
    assert state() == "retired"
    press("item-reopen")
    assert state() == "open"
    press("item-flag", {"reason": "look"})
    flag = Flag.objects.get()
    assert (flag.reason, flag.closed_at) == ("look", None)
    press("item-flag-close", None, flag.pk)
    assert Flag.objects.get().closed_by == manager
    press("item-flag", {"reason": "again"})
    press("item-unflag")
    assert not Flag.objects.filter(closed_at=None).exists()
    press("item-comment", {"body": "First."})
    press("item-comment", {"body": "Second.", "parent": Comment.objects.get().pk})
    assert Comment.objects.filter(parent__isnull=False).count() == 1
    assert ItemEvent.objects.filter(pgh_context__user=manager.pk).count() == 2


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("item-comment", {"body": ""}),
        ("item-comment", {"body": "  "}),
        ("item-comment", {"body": "x" * 5001}),
        ("item-comment", {"body": "a\0"}),
        ("item-comment", {"body": "x", "parent": "y"}),
        ("item-flag", {"reason": "x" * 501}),
        ("item-flag", {"reason": "a\0"}),
    ],
)
def test_what_cannot_be_kept_comes_back(boss, project, items, name, body):
    response = boss.post(reverse(name, args=[project.pk, items[0].pk]), body)

    assert response.status_code == 422
    assert not Comment.objects.exists()
    assert not Flag.objects.exists()


def test_a_reply_to_what_is_not_there_is_told(boss, project, items):
    response = boss.post(
        reverse("item-comment", args=[project.pk, items[0].pk]), {"body": "x", "parent": "999"}, follow=True
    )

    assert b"no such comment" in response.content


@pytest.mark.parametrize("name", ["item-retire", "item-reopen"])
def test_who_may_press_the_buttons(as_, project, items, annotator, adjudicator, viewer, stranger, name):
    give(items[0], annotator)
    url = reverse(name, args=[project.pk, items[0].pk])

    assert [as_(user).post(url).status_code for user in (annotator, adjudicator, viewer, stranger)] == [
        403,
        403,
        403,
        404,
    ]


def test_a_viewer_reads_but_does_not_speak(as_, project, items, viewer):
    url = reverse("item", args=[project.pk, items[0].pk])
    body = as_(viewer).get(url).content.decode()

    assert "Ask or explain" not in body
    assert (
        as_(viewer).post(reverse("item-comment", args=[project.pk, items[0].pk]), {"body": "x"}).status_code
        == 403
    )


def test_a_long_payload_is_cut_with_a_way_to_the_rest(boss, project):
    item = make_item(project, "long", {"text": "x" * 30_000})
    item.save()

    body = boss.get(reverse("item", args=[project.pk, item.pk])).content.decode()

    assert "10,000 more characters" in body
    assert "x" * 20_001 not in body


def test_images_are_shown_from_the_project(boss, project, here):
    make_schema(project, fields=[{"name": "photo", "type": "image", "title": "Photo"}])
    item = make_item(project, "pic", {"photo": "a folder/größe?.png"})
    item.save()
    address = f'src="/projects/{project.pk}/media/a%20folder/gr%C3%B6%C3%9Fe%3F.png"'

    assert address in boss.get(reverse("item", args=[project.pk, item.pk])).content.decode()
    assert address in boss.get(here).content.decode()


def test_history_is_filtered_by_person_kind_and_day(boss, project, owner, annotator):
    url = reverse("project-history", args=[project.pk])

    assert b"added anna as annotator" in boss.get(url).content
    assert b"added anna as annotator" in boss.get(url, {"kind": "membership"}).content
    assert b"added anna as annotator" not in boss.get(url, {"kind": "schema"}).content
    assert b"No change fits" in boss.get(url, {"user": owner.pk}).content
    assert b"No change fits" in boss.get(url, {"since": "9999-12-31"}).content
    assert b"No change fits" in boss.get(url, {"until": "2001-01-01"}).content


@pytest.mark.parametrize(
    "query",
    [{"kind": "x"}, {"user": "x"}, {"since": "x"}, {"until": "x"}, {"after": "x"}, {"after": "1.x.1"}],
)
def test_history_filters_that_cannot_be_read_say_so(boss, project, query):
    assert boss.get(reverse("project-history", args=[project.pk]), query).status_code == 422


@pytest.mark.django_db(transaction=True)
def test_the_export_page_shows_count_first_rows_and_command(
    boss, project, items, annotator, second_annotator
):
    say(items[0], annotator, sentiment="positive")
    say(items[0], second_annotator, sentiment="negative")
    url = reverse("exports", args=[project.pk])

    answers = boss.get(
        url, {"format": "csv", "where": "state = disputed", "annotator": "bert"}
    ).content.decode()
    by_item = boss.get(url, {"per": "item"}).content.decode()

    route = reverse("api:annotations", args=[project.pk])
    assert "1 answer<" in answers
    assert "negative" in answers
    assert f"http://testserver{route}?format=csv&amp;where=state+%3D+disputed&amp;annotator=bert" in answers
    assert "1 item<" in by_item
    assert f'href="{route}?per=item&amp;format=jsonl"' in by_item


def test_an_export_of_nothing_says_so(boss, project):
    assert b"nothing to export" in boss.get(reverse("exports", args=[project.pk])).content


@pytest.mark.parametrize(
    "query",
    [{"format": "x"}, {"per": "x"}, {"where": "state = x"}, {"annotator": "x"}, {"since": "x"}],
)
def test_export_choices_that_cannot_be_read_say_so(boss, project, query):
    assert boss.get(reverse("exports", args=[project.pk]), query).status_code == 422
