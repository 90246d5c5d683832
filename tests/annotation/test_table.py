"""The cells of the data table, and what the page does with views, tags and bulk actions."""

from __future__ import annotations

import re
from urllib.parse import urlencode

import pytest
from django.urls import reverse

from annotation import filtering
from annotation.expressions import parse, write
from annotation.models import BulkAction, ItemTag, SavedView, Tag
from annotation.pages.filter_editor import config, tree
from annotation.pages.item_filters import address_of, renewed
from annotation.reports.table import table
from annotation.reports.table_columns import columns_of, fields_of, usual
from annotation.services import assigning, bulk, consensus, gold, queue, views
from tests.annotation.items_help import say
from tests.factories import make_item

pytestmark = pytest.mark.django_db


@pytest.fixture
def rows(project):
    project.items.update(wanted=2, open_slots=2)
    return list(project.items.order_by("pk"))


@pytest.fixture
def boss(client, manager):
    client.force_login(manager)
    return client


@pytest.fixture
def here(project):
    return reverse("items", args=[project.pk])


def cells(project, *names, where="", gold=True):
    found = table(
        project=project, where=filtering.checked(project, where, gold=True), columns=names, gold=gold
    )
    assert [column.name for column in found.columns] == list(names)
    return [row.cells for row in found.rows]


def test_columns_tell_who_said_what_and_who_is_to(project, manager, rows, annotator, second_annotator):
    say(rows[0], annotator, sentiment="positive")
    assigning.assign(project=project, item_ids=[rows[0].pk], people=[second_annotator.pk])
    bulk.run(
        action_id=bulk.create(project=project, by=manager, action="tag", items=[rows[0].pk], tag="odd").pk
    )

    [found] = cells(project, "state", "given", "annotators", "assigned", "tags", where="tag = odd")

    assert found == ("open", (1, 2), ("anna",), ["bert"], ["odd"])


def test_columns_of_the_consensus(project, rows, annotator, second_annotator):
    say(rows[0], annotator, sentiment="positive")
    say(rows[0], second_annotator, sentiment="negative")
    consensus.settle(item_id=rows[0].pk, schema_id=project.schema_id)

    first, *others = cells(project, "agreement.sentiment", "said")

    assert [one.chip.text for one in first[1]] == ["Positive", "Negative"]
    assert others[0] == (None, ())


def test_fields_of_the_payload_are_columns_also_those_no_schema_names(project):
    project.items.all().delete()
    make_item(project, "a", {"text": "Hm.", "source": "web", "deep": {"x": 1}}).save()

    [found] = cells(project, "meta.source", "meta.deep", "meta.none", "payload")

    assert [name for name, _, _ in fields_of(project)] == ["text", "deep", "source"]
    assert found[:3] == ("web", '{"x": 1}', "")
    assert '"source": "web"' in found[3]


def test_a_gold_question_says_what_others_do_to_who_must_not_know(project, owner, rows):
    known = gold.Known(key=rows[0].key, answer={"sentiment": "positive"})
    gold.put(project=project, by=owner, items=[known])

    told = cells(project, "given", "consensus", "confidence", gold=False)[0]

    assert told == ((1, 1), (), None)
    assert cells(project, "confidence")[0] == (1.0,)


def test_unknown_columns_are_left_out(project):
    found = table(project=project, where=filtering.EVERY_ITEM, columns=["nonsense", "label.x"])

    assert [column.name for column in found.columns] == usual(project)


def test_every_column_has_a_title_and_a_kind_that_the_page_can_show(project):
    kinds = {column.kind for column in columns_of(project).values()}

    assert kinds <= {
        "state",
        "said",
        "given",
        "words",
        "time",
        "tags",
        "share",
        "agreement",
        "number",
        "text",
        "image",
    }
    assert all(column.title for column in columns_of(project).values())


@pytest.mark.parametrize(
    "text",
    [
        "state = open and (flagged or not confidence < 0.8)",
        "not (flagged and commented)",
        "tag in (a, b)",
        "",
    ],
)
def test_the_bar_shows_what_the_text_says(text):
    def again(node):
        if node["kind"] == "is":
            part = f".{node['part']}" if node["part"] else ""
            values = node["values"]
            said = (
                f"in ({', '.join(values)})"
                if node["operator"] == "in"
                else " ".join([node["operator"], *values])
            )
            told = f"{node['field']}{part} {said}"
        else:
            word = " and " if node["kind"] == "all" else " or "
            told = f"({word.join(map(again, node['parts']))})"
        return f"not {told}" if node["negated"] else told

    shown = again(tree(parse(text)))

    assert write(parse("" if shown == "()" else shown)) == write(parse(text))


def test_the_bar_offers_what_the_project_has(project, manager):
    Tag.objects.create(project=project, name="odd")
    told = config(project, gold=True)
    fields = {field["name"]: field for field in told["fields"]}

    assert fields["tag"]["choices"] == ["odd"]
    assert [label["value"] for label in told["questions"][0]["labels"]] == ["positive", "negative", "neutral"]
    assert "gold" not in {field["name"] for field in config(project, gold=False)["fields"]}


def test_an_address_keeps_view_columns_and_filter(rf):
    query = rf.get("/?where=flagged&q=cat&column=state&column=said&view=3&after=7").GET

    address = address_of(query)

    assert (address.where, address.columns, address.after) == ("flagged", ("state", "said"), 7)
    assert address.query(after=9) == "?where=flagged&q=cat&view=3&column=state&column=said&after=9"
    assert address.text() == "flagged and text ~ cat"
    assert renewed(query) is None


def test_a_fault_is_shown_at_its_place(boss, here):
    body = boss.get(here, {"where": "flagged and state = upside"}).content.decode()

    assert "flagged and <mark>state</mark> = upside" in body
    assert "“upside” is none of" in body


def test_a_view_is_saved_opened_changed_and_deleted(boss, here, project):
    saved = boss.post(
        reverse("view-save", args=[project.pk]),
        {"name": "Mine", "where": "state = open", "column": ["state"]},
    )
    view = SavedView.objects.get()
    opened = boss.get(here, {"view": view.pk}).content.decode()
    changed = boss.get(here, {"view": view.pk, "where": "flagged", "column": "state"}).content.decode()
    boss.post(reverse("view-change", args=[project.pk, view.pk]), {"name": "Ours"})
    boss.post(
        reverse("view-change", args=[project.pk, view.pk]), {"where": "flagged", "column": ["said", "state"]}
    )
    view.refresh_from_db()

    assert saved.url == f"{here}?{urlencode({'where': 'state = open', 'view': view.pk, 'column': 'state'})}"
    assert "in <strong>Mine</strong>" in opened
    assert ("Save changes" in opened, "Save changes" in changed) == (False, True)
    assert (view.name, view.where, view.columns) == ("Ours", "flagged", ["said", "state"])
    boss.post(reverse("view-delete", args=[project.pk, view.pk]))
    assert not SavedView.objects.exists()


def test_a_view_that_is_no_more_shows_all(boss, here):
    assert boss.get(here, {"view": 99}).status_code == 200


def test_a_bulk_action_is_started_from_the_page_and_watched(boss, here, project, rows):
    url = reverse("bulk-actions", args=[project.pk])
    form = {"action": "tag", "items": f"{rows[0].pk},{rows[1].pk}", "where": "", "tag": "odd"}
    card = boss.post(url, form, headers={"HX-Request": "true"})
    job = BulkAction.objects.get()
    reloaded = boss.get(here).content.decode()
    bulk.run(action_id=job.pk)

    done = boss.get(reverse("bulk-action", args=[project.pk, job.pk]), headers={"HX-Request": "true"})

    assert 'hx-trigger="every 1s"' in card.content.decode()
    assert f'id="bulk-{job.pk}"' in reloaded
    assert "2 items changed." in done.content.decode()
    assert "items-changed" in done["HX-Trigger"]
    assert ItemTag.objects.count() == 2


def test_what_a_bulk_action_refuses_is_told(boss, project):
    url = reverse("bulk-actions", args=[project.pk])

    refused = boss.post(url, {"action": "tag", "tag": " "}, headers={"HX-Request": "true"})

    assert (refused.status_code, "Give the tag a name." in refused["HX-Trigger"]) == (204, True)
    assert not BulkAction.objects.exists()


def test_a_bulk_action_is_stopped_and_goes_on_from_its_page(boss, project, manager):
    job = bulk.create(project=project, by=manager, action="retire")

    boss.post(reverse("bulk-action-cancel", args=[project.pk, job.pk]))
    listed = boss.get(reverse("bulk-actions", args=[project.pk])).content.decode()
    back = boss.post(reverse("bulk-action-retry", args=[project.pk, job.pk]), {"back": "//evil.example/"})

    job.refresh_from_db()
    assert "Cancelled" in listed
    assert job.state == "waiting"
    assert back.url == reverse("bulk-action", args=[project.pk, job.pk])


def test_only_who_may_change_sees_boxes_and_buttons(client, here, project, viewer, adjudicator):
    def shown(user):
        client.force_login(user)
        body = client.get(here).content.decode()
        return "data-select=" in body, sorted(set(re.findall(r'data-bulk="(\w+)"', body)))

    assert shown(viewer) == (False, [])
    assert shown(adjudicator) == (True, ["tag", "untag"])


def test_tags_are_listed_renamed_and_deleted(boss, project, manager):
    bulk.run(action_id=bulk.create(project=project, by=manager, action="tag", tag="odd").pk)
    tag = Tag.objects.get()

    boss.post(reverse("tag-rename", args=[project.pk, tag.pk]), {"name": "look again"})
    body = boss.get(reverse("tags", args=[project.pk])).content.decode()

    assert "?where=tag+%3D+%22look+again%22" in body
    boss.post(reverse("tag-delete", args=[project.pk, tag.pk]))
    assert not Tag.objects.exists()


def test_views_are_everybodys_who_browses(project, manager, viewer, client, here):
    views.save(project=project, by=manager, name="Ours", where="flagged")
    client.force_login(viewer)

    body = client.get(here).content.decode()

    assert "?where=flagged&amp;view=" in body
    assert "Save as a new view" not in body


def test_what_is_assigned_is_found_by_person_or_at_all(project, rows, annotator, second_annotator):
    first, second = [row.pk for row in rows[:2]]
    assigning.assign(project=project, item_ids=[first], people=[annotator.pk])
    assigning.assign(project=project, item_ids=[second], people=[second_annotator.pk])
    queue.next_leases(annotator=annotator, project=project)

    assert cells(project, "id", where="assigned = anna") == [(first,)]
    assert cells(project, "id", where="assigned") == [(first,), (second,)]
    assert len(cells(project, "id", where="assigned != anna")) == 4


def test_an_item_shows_its_tags_to_who_browses(boss, client, project, manager, rows, annotator):
    bulk.run(action_id=bulk.create(project=project, by=manager, action="tag", tag="look again").pk)
    say(rows[0], annotator, sentiment="positive")
    url = reverse("item", args=[project.pk, rows[0].pk])

    assert "look again" in boss.get(url).content.decode()
    client.force_login(annotator)
    assert "look again" not in client.get(url).content.decode()
